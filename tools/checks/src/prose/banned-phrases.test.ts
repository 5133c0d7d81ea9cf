import { expect, test } from 'vitest'
import { bannedPhrases } from './banned-phrases.ts'
import type { PassageKind } from './passage.ts'
import { Source } from './source.ts'

const find = (text: string, kind: PassageKind = 'paragraph') =>
  bannedPhrases({ source: new Source('a.md', text), kind, start: 0, text })

test.each([
  'Whoever reads it',
  'the caller waits for nobody',
  'a frame to all who subscribe',
  'What the bus loses is recovered.',
  'Drops what is early.',
  'in whatever order',
  'however long it takes',
  'The store tells the version.',
  'The watcher is told.',
  'A replica hears a change.',
  'says so when the log is short',
  'changes to be had',
  'A document that is there.',
  'while the store is away',
  'where the section stands',
  'a document that is held',
  'the ups and downs of a connection',
  'the document comes and goes',
  'a version that is no number',
  'a scope that is none',
  'a server that has not.',
  'The stream goes on.',
  'the outcome that became of it',
  'the returned function ends it',
  'read anew',
  'recovers by itself',
  'Meanwhile, changes arrive.',
  'lest it fail',
  'two at the most',
  'closed for good',
  'not cached any more.',
])('finds a phrase in "%s"', (text) => {
  expect(find(text)).not.toEqual([])
})

test.each([
  'Callers who wait are rejected.',
  'What is promised?',
  'A check tells repeats apart, and tells a gap from a delay.',
  'There is no gap.',
  'It is no longer cached.',
  '`pk` stands for primary key, and a mock stands in for the store.',
  'for good reason',
  'Is there any more data?',
  'Frames are held back until the gap closes.',
])('accepts "%s"', (text) => {
  expect(find(text)).toEqual([])
})

test('matches across line breaks, and reports the line and the words around', () => {
  const [finding] = find('First line\nof a watcher that is\ntold of the end of it all')
  expect(finding).toMatchObject({ place: 'a.md:3', text: 'watcher that is told of the end' })
})

test('applies a phrase only to its kinds of passages', () => {
  expect(find('What is promised', 'heading')).toEqual([])
  expect(find('The most entries that a log keeps.', 'docstring')).not.toEqual([])
  expect(find('The most entries that a log keeps.')).toEqual([])
})
