import { expect, test } from 'vitest'
import { markdownPassages } from './markdown.ts'
import { longSentences, sentencesOf } from './sentences.ts'
import { Source } from './source.ts'

const read = (text: string) => markdownPassages(new Source('a.md', text)).flatMap(sentencesOf)
const words = (count: number): string => `Word${' word'.repeat(count - 1)}.`

test('splits paragraphs into sentences with their lines', () => {
  expect(read('One two. Three\nfour! (Five?) `six`, e.g. 7.5 seven.\n\n- **Eight** nine\n- ten')).toEqual([
    { file: 'a.md', line: 1, text: 'One two.', words: 2 },
    { file: 'a.md', line: 1, text: 'Three four!', words: 2 },
    { file: 'a.md', line: 2, text: '(Five?)', words: 1 },
    { file: 'a.md', line: 2, text: '`six`, e.g. 7.5 seven.', words: 4 },
    { file: 'a.md', line: 4, text: '**Eight** nine', words: 2 },
    { file: 'a.md', line: 5, text: 'ten', words: 1 },
  ])
})

test('counts inline code as one word, and URLs, dashes, tables and headings as none', () => {
  expect(read('`a b c` – [d](e/f) https://h.i')).toMatchObject([{ words: 2 }])
  expect(read('# A heading\n\n| a | table |')).toEqual([])
})

test('reports a sentence of more than 30 words', () => {
  expect(longSentences(read(words(30)), [])).toEqual([])
  expect(longSentences(read(words(31)), [])).toMatchObject([{ place: 'a.md:1' }])
})

test('accepts an allowed sentence in its file only', () => {
  const sentence = words(31)
  expect(longSentences(read(sentence), [{ file: 'a.md', sentence }])).toEqual([])
  expect(longSentences(read(sentence), [{ file: 'b.md', sentence }])).toHaveLength(2)
})

test('reports an allowance that no sentence needs', () => {
  const stale = [{ file: 'a.md', sentence: words(31) }]
  expect(longSentences(read('Short.'), stale)).toMatchObject([
    { place: 'a.md', hint: expect.stringContaining('delete') },
  ])
})
