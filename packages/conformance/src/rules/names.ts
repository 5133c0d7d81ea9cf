/** Names that some transport, path, query or escaping would misread. */
export const HOSTILE_NAMES: readonly string[] = [
  'a/b',
  '../../etc',
  '"quoted"',
  "it's",
  'tab\tline\nreturn\r',
  'nul\0inside',
  '*',
  '>',
  'a.>',
  '?',
  '[x]',
  '#',
  '{tag}',
  '{a}{b}',
  'a:b:c',
  'a b',
  ' leading and trailing ',
  '.',
  '..',
  'a..b',
  '%2F',
  '\\',
  '$SYS',
  '__proto__',
  'constructor',
  'latest',
  'name:version',
  'ÄÖÜ',
  '名前',
  '👩‍👩‍👧',
  'x'.repeat(255),
]

type AddressParts = readonly [section: string, key?: string]

/** Groups of different addresses that collide if escaping is not injective or the boundaries between parts are lost. */
export const COLLIDING_ADDRESSES: readonly (readonly AddressParts[])[] = [
  [['a:b'], ['a', 'b'], ['a_b'], ['a.b'], ['a/b']],
  [['a', 'b:c'], ['a:b', 'c'], ['a:b:c']],
  [['a%3Ab'], ['a:b', 'x'], ['a\\:b'], ['a__b']],
  [['é'], ['e\u0301']],
  [['A'], ['a']],
  [['a'], ['a ']],
  [
    ['x', '1'],
    ['x', '01'],
    ['x', '1.0'],
  ],
]

/** Strings of every kind, except lone surrogates, which have their own rules. */
export const TEXTS: readonly string[] = [
  '',
  ' ',
  '👍🏽',
  '👩‍👩‍👧',
  'é',
  'e\u0301',
  '\u0000\u0001\u001f\u007f',
  '\u2028\u2029',
  '\ufeffbom',
  '"quotes" \\ / \b\f\n\r\t',
  'a{b}:c*>',
  'שלום',
  '\ud83d\ude00'.repeat(50),
]
