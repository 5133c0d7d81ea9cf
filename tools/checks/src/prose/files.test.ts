import { expect, test } from 'vitest'
import { root } from '../workspace.ts'
import { isSelected, proseFiles } from './files.ts'

test('lists sources and Markdown, and no dependencies, fixtures or samples', () => {
  const files = proseFiles(root)
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'tools/checks/src/main.ts', 'apps/reference/page/main.js']),
  )
  expect(files.filter((file) => /node_modules|\/fixtures\/|^\.git\/|prose\/.*\.test\.ts/.test(file))).toEqual([])
})

test('selects files at or below a path, and all files without one', () => {
  expect(isSelected('docs/a.md', [])).toBe(true)
  expect(isSelected('docs/a.md', ['docs'])).toBe(true)
  expect(isSelected('docs/a.md', ['src', 'docs/a.md'])).toBe(true)
  expect(isSelected('docs/a.md', ['doc'])).toBe(false)
})
