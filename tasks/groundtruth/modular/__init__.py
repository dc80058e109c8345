"""The modular-addition transformer: a network whose neurons have a known function."""
