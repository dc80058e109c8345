"""Words of the string functions: categories with clear members, and words that are made up."""

import numpy as np

CATEGORIES = {
    "animal": "antelope badger beaver camel cheetah crab dolphin donkey eagle elephant falcon "
    "fox frog giraffe goat gorilla hamster hedgehog horse kangaroo leopard lion "
    "lizard lobster monkey moose octopus otter owl panther parrot penguin pig "
    "rabbit raccoon rhinoceros salmon shark sheep snake sparrow spider squirrel "
    "swan tiger toad tortoise walrus whale wolf zebra",
    "food": "bacon bagel biscuit bread burger butter cake cheese chocolate cookie cracker "
    "curry honey jam lasagna macaroni muffin noodle omelette pancake pasta pizza "
    "popcorn porridge pudding sandwich sausage soup spaghetti stew toast waffle "
    "yogurt",
    "fruit": "apple apricot avocado banana blackberry blueberry cherry coconut fig grape "
    "grapefruit guava lemon lime mango melon nectarine papaya peach pear pineapple "
    "plum pomegranate raspberry strawberry tangerine watermelon",
    "tool": "axe chisel crowbar drill hacksaw hammer hoe jackhammer ladder pickaxe "
    "pitchfork pliers rake sandpaper saw scissors screwdriver shovel sickle spade "
    "spanner toolbox trowel wheelbarrow wrench",
    "vehicle": "aeroplane ambulance bicycle boat bus canoe car caravan ferry helicopter jeep "
    "kayak limousine locomotive lorry minivan motorcycle raft rocket sailboat "
    "scooter sled submarine taxi tractor train tram tricycle trolley truck van "
    "yacht",
    "garment": "apron blouse boot cardigan coat dress glove gown hat hoodie jacket jeans "
    "jersey mitten overcoat pyjamas raincoat robe sandal scarf shirt shoe skirt "
    "slipper sock stocking sweater trousers tunic vest",
    "furniture": "armchair bed bench bookcase bunk bureau cabinet chair couch cradle crib "
    "cupboard desk dresser footstool nightstand ottoman shelf sideboard sofa stool "
    "table wardrobe",
    "instrument": "accordion banjo bassoon bugle cello clarinet cymbal drum fiddle flute guitar "
    "harmonica harp harpsichord lute mandolin oboe piano saxophone tambourine "
    "trombone trumpet tuba ukulele viola violin xylophone",
}
"""Members by category; no word is in two."""

_PLAIN = """
able about above across action actual adding afraid agreed allow alone always amusing answer
anyone area arrived asked baking barely basic beating because become being believe below
best better between bigger blessing boring both bright bring broken brother building burned
busy calling calmly careful carried catching certain chance change chosen cities clearly
climbing closed colder coming common could counting country crying curious daily dancing
dangerous darkness dearly decide deeper delicious depend different discover doing during
eager early easily eating eight either ended enough even every exactly fading faintly famous
farming fast feeling fewer fifty finding finished first five fixing flying following
forgotten formal free freedom friendly from funny garden general gentle getting given glad
glorious going goodness great growing happily happiness hardly having hearing heavily height
helpful hidden hiking holding hopeless hundred hurried idea important inside into island
itself joining jumping just keeping kindness king kissed known largely last laughing leading
learned leaving lesser level likely listen little living local longer looking loudly loving
lucky magic making many mass meaning mention middle might minus moment more morning most
motion mountain moving music nation natural nearly nervous never nice night nine noisy noon
nothing notice number ocean offer often older once only open option other outside owned
paint painting paper part passed people perfect period picked place playing please pointed
poorly position possible pretty promise proud puzzle quickly quietly quite radar rather
reading ready really recall refer refusal relation remain rested return richness ridiculous
river rolling rotator rough running sadness sadly safely saying school second seed seeing
serious seven shadow sharing shining should silver singing single sister sitting sixteen
slowly small smiling softly some soon sooner sorry sounded spring standing start station
stated stopped story street string strong student study sudden sugar summer sunny swimming
system taken talking taller tasted teacher tenth that their thing think third thirty those
thought through tidy tired today together tomorrow touched toward trying turned twelve
twenty under unhappy united unlock until unusual upon useful usual vary vision visitor voice
waiting walked wander warmth washing water weekly welcome where which whisper whole wider
winter wishing without wonderful wooden working world worry writing yearly yellow yesterday
young
"""
PLAIN = _PLAIN.split()
"""Words of no category above."""


def members(category: str) -> list[str]:
    """The words of a category."""
    return CATEGORIES[category].split()


def real_words() -> list[str]:
    """Every word here."""
    return [*PLAIN, *(word for category in CATEGORIES for word in members(category))]


_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl sk st tr th"
_NUCLEI = "a e i o u y ai ea oo ou"
_CODAS = "n r s t l m ck st ng"


def made_up(rng: np.random.Generator, count: int) -> list[str]:
    """Words of two to eleven letters that can be spoken and mean nothing."""
    onsets, nuclei = _ONSETS.split(), _NUCLEI.split()
    codas = ["", "", *_CODAS.split()]
    known = set(real_words())
    found: list[str] = []
    while len(found) < count:
        word = ""
        for _ in range(int(rng.integers(1, 4))):
            word += str(rng.choice(onsets)) if rng.random() < 0.85 else ""
            word += str(rng.choice(nuclei)) + str(rng.choice(codas))
        if 2 <= len(word) <= 11 and word not in known:
            found.append(word)
    return found
