/** Famous structures, inventions and people, with the years and sizes that are asked for. */

export interface Thing {
  readonly names: RegExp;
  readonly name: string;
  readonly place?: string;
  /** Year of opening, completion or founding, and the word for it. */
  readonly year?: number;
  readonly began?: string;
  readonly by?: string;
  /** In metres. */
  readonly height?: number;
  /** In metres. */
  readonly length?: number;
  readonly what: string;
}

export const things: readonly Thing[] = [
  {
    names: /brooklyn bridge/,
    name: "the Brooklyn Bridge",
    place: "in New York City, between Manhattan and Brooklyn",
    year: 1883,
    by: "John Augustus Roebling, with his son Washington and Emily Roebling",
    length: 1834,
    height: 84,
    what: "a suspension bridge over the East River",
  },
  {
    names: /golden gate(?: bridge)?/,
    name: "the Golden Gate Bridge",
    place: "in San Francisco, California",
    year: 1937,
    by: "Joseph Strauss and his engineers",
    length: 2737,
    height: 227,
    what: "a suspension bridge at the entrance of the San Francisco Bay",
  },
  {
    names: /tower bridge|london bridge/,
    name: "Tower Bridge",
    place: "in London, on the Thames",
    year: 1894,
    by: "Horace Jones and John Wolfe Barry",
    length: 244,
    height: 65,
    what: "a bridge whose middle opens for ships",
  },
  {
    names: /eiffel tower/,
    name: "the Eiffel Tower",
    place: "in Paris",
    year: 1889,
    by: "the company of Gustave Eiffel",
    height: 330,
    what: "an iron tower, built for the world's fair",
  },
  {
    names: /statue of liberty/,
    name: "the Statue of Liberty",
    place: "in New York Harbor",
    year: 1886,
    by: "the sculptor Auguste Bartholdi, with Gustave Eiffel's iron frame",
    height: 93,
    what: "a statue that France gave to the United States",
  },
  {
    names: /empire state building/,
    name: "the Empire State Building",
    place: "in New York City",
    year: 1931,
    by: "the architects Shreve, Lamb and Harmon",
    height: 381,
    what: "an office tower that was the world's tallest for nearly forty years",
  },
  {
    names: /chrysler building/,
    name: "the Chrysler Building",
    place: "in New York City",
    year: 1930,
    by: "the architect William Van Alen",
    height: 319,
    what: "an office tower with a crown of steel",
  },
  {
    names: /burj khalifa|tallest building(?: in the world)?/,
    name: "the Burj Khalifa",
    place: "in Dubai",
    year: 2010,
    height: 828,
    what: "the tallest building in the world",
  },
  {
    names: /big ben/,
    name: "Big Ben",
    place: "in London",
    year: 1859,
    height: 96,
    what: "the great bell, and to most people the clock tower, of the Houses of Parliament",
  },
  {
    names: /sydney opera house/,
    name: "the Sydney Opera House",
    place: "in Sydney, Australia",
    year: 1973,
    by: "the architect Jorn Utzon",
    height: 65,
    what: "a concert house with roofs like sails",
  },
  { names: /cn tower/, name: "the CN Tower", place: "in Toronto, Canada", year: 1976, height: 553, what: "a television and lookout tower" },
  {
    names: /space needle/,
    name: "the Space Needle",
    place: "in Seattle",
    year: 1962,
    height: 184,
    what: "a lookout tower, built for the world's fair",
  },
  {
    names: /hoover dam/,
    name: "the Hoover Dam",
    place: "on the Colorado River, between Nevada and Arizona",
    year: 1936,
    height: 221,
    length: 379,
    what: "a dam that feeds Lake Mead",
  },
  {
    names: /panama canal/,
    name: "the Panama Canal",
    place: "in Panama",
    year: 1914,
    length: 82_000,
    what: "the ship canal between the Atlantic and the Pacific",
  },
  {
    names: /suez canal/,
    name: "the Suez Canal",
    place: "in Egypt",
    year: 1869,
    length: 193_000,
    what: "the ship canal between the Mediterranean and the Red Sea",
  },
  {
    names: /berlin wall/,
    name: "the Berlin Wall",
    place: "in Berlin",
    year: 1961,
    began: "built",
    what: "the wall that divided Berlin until nineteen eighty-nine",
  },
  {
    names: /white house/,
    name: "the White House",
    place: "in Washington, D.C.",
    year: 1800,
    began: "first lived in",
    by: "the architect James Hoban",
    what: "the home and office of the president of the United States",
  },
  {
    names: /united states(?: of america)?|\bamerica\b/,
    name: "the United States",
    year: 1776,
    began: "founded",
    place: "in North America",
    what: "a country of fifty states",
  },
  {
    names: /(?:mount |mt )?everest|(?:tallest|highest) mountain(?: in the world| on earth)?/,
    name: "Mount Everest",
    place: "in the Himalayas, between Nepal and China",
    height: 8849,
    what: "the highest mountain on earth",
  },
  { names: /kilimanjaro/, name: "Kilimanjaro", place: "in Tanzania", height: 5895, what: "the highest mountain of Africa" },
  {
    names: /mont blanc/,
    name: "Mont Blanc",
    place: "in the Alps, between France and Italy",
    height: 4806,
    what: "the highest mountain of the Alps",
  },
  {
    names: /\bnile\b|longest river(?: in the world| on earth)?/,
    name: "the Nile",
    place: "in Africa",
    length: 6_650_000,
    what: "by most counts the longest river on earth",
  },
  {
    names: /amazon river|\bamazon\b/,
    name: "the Amazon",
    place: "in South America",
    length: 6_400_000,
    what: "the river that carries the most water",
  },
  {
    names: /mississippi/,
    name: "the Mississippi",
    place: "in the United States",
    length: 3_770_000,
    what: "the great river of North America",
  },
  {
    names: /danube/,
    name: "the Danube",
    place: "in Europe, from Germany to the Black Sea",
    length: 2_850_000,
    what: "a river that flows through ten countries",
  },
  {
    names: /great wall(?: of china)?/,
    name: "the Great Wall of China",
    place: "in the north of China",
    length: 21_196_000,
    what: "a chain of walls, the oldest of them more than two thousand years old",
  },
  {
    names: /world wide web|\bthe web\b/,
    name: "the World Wide Web",
    year: 1989,
    began: "invented",
    by: "Tim Berners-Lee",
    what: "the system of linked pages on the internet",
  },
  {
    names: /telephone/,
    name: "the telephone",
    year: 1876,
    began: "patented",
    by: "Alexander Graham Bell",
    what: "a device that carries a voice over a wire",
  },
  {
    names: /light ?bulb/,
    name: "the light bulb",
    year: 1879,
    began: "made practical",
    by: "Thomas Edison and his team",
    what: "a lamp with a glowing wire",
  },
  {
    names: /printing press/,
    name: "the printing press",
    year: 1440,
    began: "invented around that time",
    by: "Johannes Gutenberg",
    what: "a machine that prints with movable type",
  },
  {
    names: /moon landing|landing on the moon|(?:land|landed|walk|walked) on the moon/,
    name: "the first moon landing",
    year: 1969,
    began: "made",
    by: "Neil Armstrong and Buzz Aldrin",
    place: "in the Sea of Tranquility",
    what: "the first time that people stood on the moon",
  },
  {
    names: /web ?r ?t ?c/,
    name: "WebRTC",
    year: 2011,
    began: "published",
    what: "the way in which browsers send voice and video to each other without a plug-in",
  },
  {
    names: /(?:large )?language models?|\bllms?\b/,
    name: "a language model",
    what: "a program that has learned from much text which word comes next, and can answer open questions that way",
  },
  { names: /ollama/, name: "Ollama", what: "a program that runs language models on your own computer, and Parley can use it" },
];

export interface Person {
  readonly names: RegExp;
  readonly name: string;
  readonly born: number;
  readonly died?: number;
  readonly what: string;
}

export const people: readonly Person[] = [
  {
    names: /(?:john f(?:itzgerald)? |j f |president )?kennedy|\bjfk\b/,
    name: "John F. Kennedy",
    born: 1917,
    died: 1963,
    what: "the thirty-fifth president of the United States",
  },
  {
    names: /(?:abraham |president )?lincoln/,
    name: "Abraham Lincoln",
    born: 1809,
    died: 1865,
    what: "the sixteenth president of the United States",
  },
  { names: /george washington/, name: "George Washington", born: 1732, died: 1799, what: "the first president of the United States" },
  {
    names: /martin luther king/,
    name: "Martin Luther King",
    born: 1929,
    died: 1968,
    what: "the leader of the American civil rights movement",
  },
  { names: /(?:jane )?austen/, name: "Jane Austen", born: 1775, died: 1817, what: "the English author of Pride and Prejudice" },
  {
    names: /(?:william )?shakespeare/,
    name: "William Shakespeare",
    born: 1564,
    died: 1616,
    what: "the English playwright of Hamlet and Romeo and Juliet",
  },
  { names: /(?:charles )?dickens/, name: "Charles Dickens", born: 1812, died: 1870, what: "the English author of Oliver Twist" },
  { names: /(?:albert )?einstein/, name: "Albert Einstein", born: 1879, died: 1955, what: "the physicist of the theory of relativity" },
  { names: /(?:isaac )?newton/, name: "Isaac Newton", born: 1643, died: 1727, what: "the physicist of gravity and the laws of motion" },
  { names: /(?:marie )?curie/, name: "Marie Curie", born: 1867, died: 1934, what: "a pioneer of radioactivity who won two Nobel prizes" },
  { names: /(?:charles )?darwin/, name: "Charles Darwin", born: 1809, died: 1882, what: "the naturalist of the theory of evolution" },
  { names: /(?:ada )?lovelace/, name: "Ada Lovelace", born: 1815, died: 1852, what: "often called the first programmer" },
  { names: /(?:alan )?turing/, name: "Alan Turing", born: 1912, died: 1954, what: "a founder of computer science" },
  { names: /mozart/, name: "Wolfgang Amadeus Mozart", born: 1756, died: 1791, what: "the Austrian composer of The Magic Flute" },
  { names: /beethoven/, name: "Ludwig van Beethoven", born: 1770, died: 1827, what: "the German composer of nine symphonies" },
  { names: /\bbach\b/, name: "Johann Sebastian Bach", born: 1685, died: 1750, what: "the German composer of the Brandenburg Concertos" },
  {
    names: /leonardo(?: da vinci)?|da vinci/,
    name: "Leonardo da Vinci",
    born: 1452,
    died: 1519,
    what: "the Italian painter of the Mona Lisa",
  },
  { names: /napoleon/, name: "Napoleon Bonaparte", born: 1769, died: 1821, what: "an emperor of the French" },
  { names: /neil armstrong/, name: "Neil Armstrong", born: 1930, died: 2012, what: "the first person on the moon" },
];
