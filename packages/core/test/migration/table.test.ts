import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const docs = join(import.meta.dirname, '../../../../docs')
const table = readFileSync(join(docs, 'migrating-from-ddm.md'), 'utf8')

const testsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^ *it\((['"`])(.+)\1, (?:async )?\(\) =>/gm)].map(([, , name = '']) => name)

const named = [...table.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)].map(([, name = '', path = '']) => ({
  name,
  file: join(docs, path),
}))

describe('docs/migrating-from-ddm.md', () => {
  it('names only tests that exist', () => {
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter(({ name, file }) => !testsOf(file).includes(name))).toEqual([])
  })

  it('names every migration test', () => {
    const here = globSync('*.test.ts', { cwd: import.meta.dirname }).filter((file) => file !== 'table.test.ts')
    const unnamed = here.flatMap((file) => {
      const path = join(import.meta.dirname, file)
      const names = named.filter((each) => each.file === path).map(({ name }) => name)
      return testsOf(path).filter((name) => !names.includes(name))
    })
    expect(unnamed).toEqual([])
  })

  it('has four cells in each row, with a test in the last one', () => {
    const sections = table.split(/^## /m).filter((section) => section.includes('| shown by |'))
    const rows = sections.flatMap((section) =>
      section.split('\n').filter((line) => /^\| (?!DistributedDataManager \|)/.test(line)),
    )
    expect(rows.length).toBeGreaterThan(50)
    const wrong = rows.filter((row) => row.split('|').length !== 6 || !row.split('|')[4]?.includes('.test.ts)'))
    expect(wrong).toEqual([])
  })
})
