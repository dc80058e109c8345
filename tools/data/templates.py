"""Sentence templates of the stories grammar.

A slot is `{form:category}`. Forms: `n` as in the lexicon, `a` with its article, `s` plural, `p`
past tense, `g` -ing, `t` third person. `{N}` is the person that the sentence is about (in a story
also a pronoun), `{M}` another person; `{he}`, `{him}`, `{his}`, `{himself}` stand for `{N}`.
"""

TEMPLATES = """\
{N} saw {a:animals} near {a:buildings}.
{N} kept {a:animals} and {n:numbers} {s:birds} behind the {n:buildings}.
The {n:animals} hid in the {n:rooms} until {M} came home.
{a:animals} is often afraid of {a:reptiles}, but this one was not.
{N} drew {a:colours} {n:animals} on the wall of the {n:rooms}.
The {n:animals} slept under {a:trees} in the {n:landforms}.
Two {s:animals} and {a:insects} were sitting on the {n:furniture}.
{N} fed the {n:animals} some {n:meats} from {a:containers}.
{a:birds} built its nest in the old {n:trees}.
Every {n:weekdays}, {a:birds} came to the window of the {n:rooms}.
{N} heard {a:birds} singing {n:adverbs of manner} in the {n:trees}.
{n:numbers} {s:birds} flew over the {n:waters} in {n:months}.
The {n:birds} stole {a:fruits} and flew away {n:adverbs of manner}.
{N} caught {a:fish} in the {n:waters} and cooked it with {n:spices}.
There were {n:numbers} {s:fish} in the {n:waters} that {n:units of time}.
{a:fish} swam past the {n:boats} and the {n:sea creatures}.
{N} sold {s:fish} at the market in {n:cities}.
{a:insects} landed on the {n:flowers} in the garden.
{N} put the {n:insects} into {a:containers} and {p:verbs of seeing} it {n:adverbs of manner}.
"There is {a:insects} in the {n:drinks}!" {p:verbs of speech} {M}.
{N} {n:adverbs of frequency} studied {s:insects} and {s:reptiles} in summer.
{a:reptiles} lay in the sun beside the {n:waters}.
{N} was afraid of the {n:reptiles} in the {n:landforms}.
The {n:reptiles} in the zoo of {n:cities} was {n:numbers} years old.
The {n:farm animals} stood in front of the {n:buildings} all {n:units of time}.
{N} bought {a:farm animals} from a farmer for {his} {n:family}.
The {n:farm animals} ate {a:vegetables} and {n:numbers} {s:fruits}.
In {n:months} the {n:farm animals} had to stay inside because of the {n:weather}.
{N} {p:verbs of seeing} {a:sea creatures} from the deck of the {n:boats}.
{a:sea creatures} and {n:numbers} {s:fish} lived near the {n:landforms}.
The {n:sea creatures} was as {n:sizes} as {a:vehicles}.
{N} cut {a:fruits} with {a:kitchenware} and gave {M} half of it.
The {n:fruits} tasted {n:tastes}, and the {n:desserts} tasted {n:tastes}.
{N} made {a:desserts} with {s:fruits} and {n:spices} for the party.
{a:fruits} fell from the {n:containers} and rolled under the {n:furniture}.
{N} grew {s:vegetables} and {s:flowers} behind the {n:buildings}.
{N} {p:cooking verbs} the {n:vegetables} in {a:kitchenware} and added {n:spices}.
The soup of {s:vegetables} was {n:tastes} and {n:temperatures}.
{N} had to {n:cooking verbs} {n:numbers} {s:vegetables} before {n:holidays}.
{N} gave {M} {a:flowers} on {n:weekdays}.
The {n:colours} {n:flowers} grew beside the {n:waters}.
{N} put the {n:flowers} in {a:containers} on the {n:furniture}.
{a:trees} stood alone on the {n:landforms}.
They cut down the {n:trees} with {a:tools} in {n:months}.
{N} climbed the {n:trees} to look at the {n:sky things}.
The wood of the {n:trees} is {n:textures}, so {M} made {a:furniture} from it.
{N} hurt {his} {n:body parts} while {he} tried to {n:verbs of motion} to the {n:shops}.
{his} {n:body parts} was {n:temperatures}, and {his} {n:body parts} hurt.
{N} touched the {n:fabrics} with {his} {n:body parts}. "Oh!" {he} {p:verbs of speech}.
The {n:professions} looked at the {n:body parts} of the {n:animals}.
{N} needed {a:tools} to repair the {n:appliances}.
{N} hit {his} {n:body parts} with {a:tools} by accident.
The {n:professions} kept {n:numbers} {s:tools} in {a:containers}.
{N} made {a:tools} of {n:metals} and {n:materials}.
{N} came to {n:cities} by {n:vehicles} on {n:weekdays}.
{a:colours} {n:vehicles} stopped in front of the {n:shops}.
The {n:vehicles} needed more {n:fuels} before it could cross the {n:landforms}.
The {n:professions} drove {a:vehicles} through the {n:weather} to {n:cities}.
{N} sailed {a:boats} from {n:cities} to {n:countries}.
The {n:boats} lay in the {n:waters} for {n:numbers} {s:units of time}.
{a:boats} full of {s:containers} sank near the {n:landforms} last {n:months}.
{N} wanted to become {a:professions}, like {his} {n:family}.
{a:professions} from {n:countries} moved into the {n:buildings}.
The {n:professions} spoke {n:languages} with the {n:family} of {M}.
{N} asked {a:professions} and {a:professions} about the {n:crimes}.
The {n:criminals} was caught because of {n:crimes} in {n:cities}.
{a:criminals} took the {n:jewellery} from the {n:containers} and ran.
{N} {p:verbs of seeing} {a:criminals} with {a:weapons} near the {n:shops}.
The {n:criminals} hid in {a:buildings} in {n:countries} for {n:numbers} {s:units of time}.
{N} visited {his} {n:family} in {n:cities} every {n:months}.
{his} {n:family} liked {n:games}, and {his} {n:family} liked {n:sports}.
{N} got {a:toys} from {his} {n:family} for {n:holidays}.
My {n:family} {n:adverbs of frequency} drinks {n:drinks} in the {n:rooms}.
{N} sat on the {n:furniture} and drank {n:drinks}.
The {n:furniture} in the {n:rooms} was made of {n:materials}.
{N} moved the {n:furniture} from the {n:rooms} to the {n:rooms}.
{N} wore {a:colours} {n:clothes} and {a:clothes} of {n:fabrics}.
The {n:clothes} was too {n:sizes} for {N}, so {he} bought another one.
{N} lost {his} {n:clothes} in the {n:vehicles} on {n:weekdays}.
{N} washed the {n:clothes} because it was full of {n:materials} dust.
{N} poured {n:drinks} into {a:kitchenware} for {M}.
The {n:drinks} was {n:temperatures} and too {n:tastes} for {him}.
In {n:countries}, people drink {n:drinks} with {n:spices}.
{N} baked {a:desserts} and {n:numbers} {s:desserts} for {his} {n:family}.
{N} dropped the {n:desserts} on {his} {n:clothes}.
The {n:shops} sold {n:meats}, {s:vegetables} and {s:desserts}.
{N} {p:cooking verbs} the {n:meats} with {n:spices} and salt.
There was no {n:meats} left in the {n:appliances}.
{N} never eats {n:meats}, but {he} likes {s:vegetables}.
The {n:professions} {p:cooking verbs} the {n:meats} for {n:numbers} {s:units of time}.
The kitchen smelled of {n:spices} and {n:fuels}.
{N} bought {n:spices} and {n:fabrics} at a market in {n:cities}.
The miners found {n:metals} under the {n:landforms}.
{N} made {a:jewellery} of {n:metals} for {M}.
{a:weapons} made of {n:metals} hung above the {n:furniture}.
The {n:professions} mixed {n:metals} with {n:metals} to make it harder.
The {n:buildings} was built of {n:materials} and {n:metals}.
{N} covered the {n:toys} with {n:materials} and {n:fabrics}.
The {n:containers} was made of {n:materials} and felt {n:textures}.
{N} sewed {a:clothes} from {n:textures} {n:fabrics}.
The {n:fabrics} was {n:colours} on one side and {n:colours} on the other.
The {n:vehicles} ran on {n:fuels} instead of {n:fuels}.
The price of {n:fuels} rose in {n:countries} last {n:units of time}.
The {n:appliances} needs {n:fuels}, and it makes {a:sounds}.
There was {n:weather} on {n:weekdays} and {n:weather} on {n:weekdays}.
Because of the {n:weather}, {N} stayed in the {n:rooms} and played {n:games}.
The {n:weather} in {n:countries} is bad in {n:months}.
{N} went out in the {n:weather} without {his} {n:clothes}.
{N} felt {n:emotions} when {he} heard the {n:sounds}.
The {n:family} of {M} was full of {n:emotions} and {n:emotions}.
{N} laughed, but {his} voice was full of {n:emotions}.
{N} turned {n:colours} with {n:emotions}. "Go away!" {he} {p:verbs of speech}.
{N} plays {n:sports} on {n:weekdays} and {n:sports} on {n:weekdays}.
The {n:groups} from {n:cities} won at {n:sports} in {n:months}.
{N} broke {his} {n:body parts} during {n:sports}.
{N} was {n:moods} because {M} won at {n:games}.
After dinner they played {n:games} in the {n:rooms}.
{N} {n:adverbs of frequency} plays {n:games} with {his} {n:family}.
{N} liked {n:school subjects}, but {M} preferred {n:school subjects}.
The {n:character traits} teacher taught {n:school subjects} and {n:languages}.
{N} forgot {his} {n:school things} before the lesson in {n:school subjects}.
{N} studied {n:school subjects} in {n:cities} for {n:numbers} {s:units of time}.
{N} went to prison for {n:crimes} and {n:crimes}.
The newspaper in {n:cities} wrote about {n:crimes} every {n:weekdays}.
{N} drew {a:shapes} and {a:shapes} with {a:school things}.
The {n:rooms} had the shape of {a:shapes}.
{N} cut the {n:fabrics} into {s:shapes}.
The {n:animals} was {n:numbers} {s:units of measure} long.
{N} bought {n:numbers} {s:units of measure} of {n:materials}.
The {n:landforms} is {n:numbers} {s:units of measure} from {n:cities}.
{N} waited {n:numbers} {s:units of time} for the {n:vehicles}.
One {n:units of time} later, {M} came with {a:groups}.
{N} put {a:kitchenware} and {a:kitchenware} on the {n:furniture}.
The {n:kitchenware} fell with {a:sounds} and lay on the floor.
The {n:appliances} in the {n:rooms} made {a:sounds}.
{N} could not {n:verbs of cleaning} the {n:appliances}, so {he} bought a new one.
{N} opened the {n:containers} and found {a:toys} in it.
{N} {p:verbs of motion} into the {n:buildings}. "Hello!" {he} {p:verbs of speech}.
The {n:buildings} in {n:cities} has {n:numbers} {s:rooms}.
{N} {p:verbs of motion} from the {n:rooms} to the {n:rooms} {n:adverbs of manner}.
{N} bought {a:clothes} at the {n:shops} near the {n:waters}.
The {n:shops} in our street {n:adverbs of frequency} opens on {n:weekdays}.
There was {a:shops} between the {n:buildings} and the {n:buildings}.
{N} wrote in {his} {n:school things} with {a:school things}.
{N} left {his} {n:school things} next to the {n:computing}.
{N} stared at the {n:computing} and typed {n:adverbs of manner}.
The {n:computing} and the {n:computing} stopped working on {n:weekdays}.
{N} repaired the {n:computing} with {a:tools}.
{a:sky things} could be seen above the {n:landforms}.
{N} {p:verbs of seeing} the {n:sky things} through the {n:weather}.
Scientists discovered {a:sky things} between {n:planets} and {n:planets}.
A spaceship flew from {n:planets} to {n:planets} in {n:numbers} {s:units of time}.
{N} dreamed of a journey to {n:planets}.
{N} learned about {n:planets} and {s:sky things} at school.
{N} {p:verbs of motion} over the {n:landforms} to the {n:waters}.
The {n:waters} behind the {n:landforms} was {n:temperatures}.
The {n:rivers} and the {n:rivers} are longer than this {n:waters}.
{N} travelled along the {n:rivers} in {a:boats}.
The {n:rivers} flooded {n:numbers} {s:buildings} in {n:months}.
The {n:groups} reached the {n:rivers} after {n:numbers} {s:units of time}.
{N} played with {a:toys} while {M} {p:verbs of cleaning} the {n:rooms}.
The child {p:verbs of breaking} the {n:toys} and cried.
{N} wore {a:jewellery} and {a:jewellery} at the wedding.
{N} lost {a:jewellery} in the {n:waters} and was {n:moods}.
The {n:military ranks} carried {a:weapons} and {a:weapons}.
The {n:military ranks} gave {N} {a:weapons} and a medal.
{a:military ranks} and {n:numbers} soldiers {p:verbs of motion} to the {n:landforms}.
The {n:military ranks} spoke to the {n:military ranks} {n:adverbs of manner}.
{N} learned about {n:religions} and {n:religions} in {n:countries}.
{N} read a book about {n:religions} in the {n:buildings}.
In {n:cities} there are followers of {n:religions} and {n:religions}.
{N} {p:verbs of seeing} {a:religious things} in the {n:buildings} on {n:holidays}.
{a:religious things} and {a:religious things} were painted on the wall.
The {n:religious things} in {n:cities} was {n:numbers} years old.
{N} met {a:character traits} {n:professions} from {n:countries}.
The {n:character traits} {n:criminals} gave the {n:jewellery} back to {M}.
Only {a:character traits} person would {n:verbs of motion} through the {n:weather}.
{his} {n:family} was a follower of {n:religions} and spoke {n:languages}.
{N} compared {n:religions} with {n:religions} in {his} {n:school things}.
{a:religious things} from {n:countries} was shown in the {n:buildings}.
{N} carried {a:religious things} under {his} {n:clothes}.
{N} built {a:shapes} out of {n:materials} and painted it {n:colours}.
The {n:desserts} looked like {a:shapes} and tasted of {n:spices}.
They stood in {a:shapes} around the {n:trees}.
{N} added {n:numbers} {s:units of measure} of {n:drinks} and stirred {n:adverbs of manner}.
The {n:boats} carried {n:numbers} {s:units of measure} of {n:fuels}.
{N} was accused of {n:crimes}, and {his} {n:family} felt {n:emotions}.
{a:criminals} and {a:military ranks} met in secret in {n:cities}.
The {n:farm animals} {p:verbs of motion} across the {n:landforms} with {a:sounds}.
{a:sounds} came from the {n:rooms}, and {M} woke up.
{N} heard {a:sounds} and then {a:sounds} in the dark.
{a:groups} of {s:animals} crossed the {n:landforms}.
The {n:groups} sang {n:adverbs of manner} on {n:holidays}.
{N} flew from {n:countries} to {n:countries} in {n:months}.
{N} was born in {n:cities} on the first of {n:months}.
{N} learned {n:languages} and {n:languages} in {n:countries}.
"I do not speak {n:languages}," {p:verbs of speech} {M}.
{N} translated the letter from {n:languages} into {n:languages}.
"Is it {n:weekdays} or {n:weekdays}?" {p:verbs of speech} {M}.
{N} celebrated {n:holidays} with {his} {n:family} in {n:cities}.
At {n:holidays} and {n:holidays} the {n:shops} is closed.
The {n:sizes} {n:toys} was {n:textures} and {n:colours}.
{N} found {a:sizes} {n:containers} behind the {n:furniture}.
This {n:desserts} is too {n:tastes}, and the {n:drinks} is {n:tastes}.
The {n:insects} felt {n:textures} in {his} {n:body parts}.
The water in the {n:kitchenware} was {n:temperatures}, not {n:temperatures}.
It was {a:temperatures} {n:units of time} in {n:countries}.
{N} was {n:moods}, but {M} was {n:moods}.
{N} became {n:moods} when the {n:professions} came late.
{N} was {n:character traits}, and {M} was {n:character traits}.
Everybody knew that the {n:professions} was {n:character traits}.
{N} started to {n:verbs of motion} because {he} saw {a:reptiles}.
{N} likes {g:verbs of motion} in the {n:landforms} on {n:weekdays}.
"Where is my {n:clothes}?" {p:verbs of speech} {N}.
"We need {n:numbers} {s:school things}," {N} {p:verbs of speech} {n:adverbs of manner}.
"You have to {n:cooking verbs} the {n:meats} first," {M} {p:verbs of speech}.
{N} was {g:cooking verbs} {s:vegetables} when {M} called.
{N} {p:verbs of breaking} the {n:kitchenware} and hid it in {a:containers}.
The storm {p:verbs of breaking} the {n:boats} and the {n:buildings}.
{N} is afraid to {n:verbs of breaking} the {n:computing}.
{N} {p:verbs of cleaning} the {n:furniture} and then {p:verbs of cleaning} the floor.
{N} hates {g:verbs of cleaning} the {n:kitchenware} on {n:weekdays}.
{N} {p:verbs of seeing} the {n:birds} through the window {n:adverbs of manner}.
The {n:professions} was {g:verbs of seeing} the {n:sea creatures} {n:adverbs of manner}.
{N} {t:verbs of motion} to school {n:adverbs of manner} every {n:weekdays}.
{N} {n:adverbs of frequency} {t:verbs of cleaning} the {n:vehicles} in {n:months}.
{N} {n:adverbs of frequency} {t:verbs of seeing} {s:birds} near the {n:waters}.
The {n:professions} {n:adverbs of frequency} {t:cooking verbs} {s:fish} for {M}."""

PAIRED = {
    ("dances", "instruments"): """\
{N} danced the {n:dances} while {M} played the {n:instruments}.
The {n:dances} began as soon as the {n:instruments} was tuned.
{N} learned {a:dances} and then a song for the {n:instruments}.
They practised the {n:dances} to the sound of {a:instruments}.
{n:numbers} {s:instruments} played, and the people danced {n:numbers} {s:dances}.
{a:instruments} on the stage played {a:dances} for the guests.
No {n:dances} in the village sounds right without {a:instruments}.
{N} loved the {n:instruments}, but {M} only came for the {n:dances}.""",
    ("diseases", "medicines"): """\
The patient took {n:medicines} against {n:diseases}.
{N} had {n:diseases}, so the nurse gave {him} {n:medicines}.
{n:medicines} does not help against {n:diseases}.
{N} asked whether {n:diseases} can be treated with {n:medicines}.
In {n:months} the hospital ran out of {n:medicines} for {n:diseases}.
The effect of {n:medicines} on {n:diseases} was studied for years.
{M} suffered from {n:diseases} and needed {n:medicines} every morning.
{N} bought {n:medicines} when {his} {n:family} fell ill with {n:diseases}.""",
    ("gems", "currencies"): """\
{N} paid {n:numbers} {s:currencies} for the {n:gems}.
{a:gems} of this size costs more than {n:numbers} {s:currencies}.
{N} sold {a:gems} and got a bag of {s:currencies}.
Not one {n:currencies} was paid for the {n:gems}.
{N} exchanged {n:numbers} {s:gems} for {n:numbers} {s:currencies}.
The price of {a:gems} fell by {n:numbers} {s:currencies}.
{M} hid the {n:gems} and the last {n:currencies} under the bed.
{N} would not give a single {n:currencies} for {a:colours} {n:gems}.""",
    ("mythical creatures", "royalty"): """\
The {n:royalty} was afraid of the {n:mythical creatures}.
{a:mythical creatures} guarded the gate of the {n:royalty}.
Long ago, {a:royalty} met {a:mythical creatures} in the forest.
The {n:mythical creatures} promised the {n:royalty} three wishes.
{N} told a tale of {a:mythical creatures} and {a:royalty}.
The {n:royalty} sent {n:numbers} men to look for the {n:mythical creatures}.
{n:numbers} {s:mythical creatures} came to the feast of the {n:royalty}.
{N} painted the {n:royalty} with {a:mythical creatures} beside the throne.""",
}

OPENERS = """\
Then
Later
Suddenly
After that
The next day
In the end
At first
One day
Soon
A little later
Meanwhile
To everyone's surprise
That evening
Once again"""
