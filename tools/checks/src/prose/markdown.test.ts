import { expect, test } from 'vitest'
import { markdownPassages } from './markdown.ts'
import { CODE } from './passage.ts'
import { Source } from './source.ts'

const read = (...lines: string[]) =>
  markdownPassages(new Source('a.md', lines.join('\n'))).map(
    ({ source, kind, start, text }) => `${source.lineAt(start)} ${kind} ${text.replaceAll(/\s+/g, ' ').trim()}`,
  )

test('separates headings, paragraphs, list items and table rows', () => {
  expect(
    read('# Title', 'One', 'two.', '', '- three', '  four', '1. five', '', '| six |', '|---|', '| seven |'),
  ).toEqual([
    '1 heading Title',
    '2 paragraph One two.',
    '5 paragraph three four',
    '7 paragraph five',
    '9 table six',
    '11 table seven',
  ])
})

test('drops fenced code, front matter, comments and definitions of links', () => {
  const fenced = ['```sh', 'code', '```', '~~~', 'more', '~~~', '- item', '  ```ts', '  code', '  ```']
  expect(read('---', 'a: b', '---', ...fenced, '<!-- note -->', '[x]: https://y.z')).toEqual(['10 paragraph item'])
})

test('keeps the text of links and emphasis, and hides addresses, tags and inline code', () => {
  const line = 'See **[the list](a_(b).md "t")**, <b>now</b>, <img alt="x"> https://x.y, `a | b`.'
  expect(read(line)).toEqual([`1 paragraph See the list , now , , ${CODE.repeat(7)}.`])
})
