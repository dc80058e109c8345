"""The modular-addition transformer: a trained network whose neurons have a known function."""
