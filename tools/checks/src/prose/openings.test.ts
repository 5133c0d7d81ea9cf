import { expect, test } from 'vitest'
import { docstringOpening, titleOpening } from './openings.ts'
import type { Passage, PassageKind } from './passage.ts'
import { Source } from './source.ts'

const passage = (kind: PassageKind, text: string): Passage => ({
  source: new Source('a.ts', text),
  kind,
  start: 0,
  text,
})

test.each(['What it does.', 'How long to wait.', 'Is it open?', 'One who reads.', 'Where it is.', 'Has it ended?'])(
  'finds a docstring that begins with a clause: "%s"',
  (text) => {
    expect(docstringOpening(passage('docstring', text))).toHaveLength(1)
  },
)

test.each(['May the call succeed later?', 'Can it be opened? More.', 'Anything known?\n@default no'])(
  'finds a docstring that begins with a question: "%s"',
  (text) => {
    expect(docstringOpening(passage('docstring', text))).toMatchObject([{ hint: expect.stringContaining('question') }])
  },
)

test.each(['Maximum size.', 'Whether it is open.', 'True if open. Why? See below.', 'Returns it.', '@default what'])(
  'accepts the docstring "%s"',
  (text) => {
    expect(docstringOpening(passage('docstring', text))).toEqual([])
  },
)

test('finds a title that begins with a clause, and accepts a noun or a verb', () => {
  for (const text of ['who reads is served', 'what is lost is found', 'How it ends', 'whoever waits'])
    expect(titleOpening(passage('title', text))).toHaveLength(1)
  for (const text of ['rejects a full queue', 'a closed store', 'whole documents'])
    expect(titleOpening(passage('title', text))).toEqual([])
})

test('leaves other passages alone', () => {
  expect(docstringOpening(passage('comment', 'What it does.'))).toEqual([])
  expect(titleOpening(passage('string', 'what is lost is found'))).toEqual([])
})
