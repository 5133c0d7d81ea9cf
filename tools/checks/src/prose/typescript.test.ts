import { expect, test } from 'vitest'
import { CODE } from './passage.ts'
import { Source } from './source.ts'
import { typescriptPassages } from './typescript.ts'

const read = (...lines: string[]) =>
  typescriptPassages(new Source('a.ts', lines.join('\n'))).map(({ source, kind, start, text }) => ({
    kind,
    line: source.lineAt(start),
    text: text.replaceAll(/\s+/g, ' ').trim(),
  }))

test('distinguishes docstrings from comments, and joins consecutive line comments', () => {
  expect(read('/** Two', ' * lines. */', 'const a = 1 // one', '// more', '', '/* block */')).toEqual([
    { kind: 'docstring', line: 1, text: 'Two lines.' },
    { kind: 'comment', line: 3, text: 'one more' },
    { kind: 'comment', line: 6, text: 'block' },
  ])
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: source code under test

test('ignores comment delimiters in strings, templates and regular expressions', () => {
  const source = ["const a = 'x//y'", 'const b = `/* ${1 /* real */} // */`', 'const c = /[/*]\\/\\/ no/.test(a)']
  expect(read(...source)).toEqual([{ kind: 'comment', line: 2, text: 'real' }])
})

test('hides inline code, symbol links, URLs and fenced examples', () => {
  const [passage] = read('/**', ' * Reads `a b`, {@link C} and https://x.y/z.', ' * ```ts', ' * code', ' * ```', ' */')
  expect(passage?.text).toMatch(new RegExp(`^Reads ${CODE}+, ${CODE}+ and \\.$`))
})

test('finds the titles of every form of test call', () => {
  const calls = ["test('one', f)", "it.skip('two', f)", "describe.each([1])('three', f)", 'test.each`a`("four", f)']
  expect(read(...calls).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'title one',
    'title two',
    'title three',
    'title four',
  ])
})

test('keeps strings with three words in a row, and drops names and source code', () => {
  const source = ["f('a sentence for people')", "f('two words')", "f('const found = all of them')"]
  expect(read(...source).map(({ text }) => text)).toEqual(['a sentence for people'])
})

test('hides the substitutions of a template', () => {
  const [passage] = read('f(`the key ${key} is missing`)')
  expect(passage?.text).toBe(`the key ${CODE.repeat(6)} is missing`)
})

test('keeps the comments of Lua in a template, and drops its code', () => {
  expect(read('const lua = `', 'local a = 1', '  -- adds the entry', 'return a', '`')).toEqual([
    { kind: 'comment', line: 3, text: 'adds the entry' },
  ])
})

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: source code under test
