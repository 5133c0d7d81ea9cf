import { describe, expect, test } from 'vitest'
import { checkImport } from './layers.ts'

describe('checkImport(file, specifier)', () => {
  test('accepts imports from the same folder and from lower ones', () => {
    expect(checkImport('packages/core/src/replica/replica.ts', './state.ts')).toBeUndefined()
    expect(checkImport('packages/core/src/replica/replica.ts', '../model/change.ts')).toBeUndefined()
    expect(checkImport('packages/core/src/index.ts', './replica/replica.ts')).toBeUndefined()
  })

  test('rejects imports from higher folders and from files above all folders', () => {
    expect(checkImport('packages/core/src/model/change.ts', '../replica/replica.ts')).toContain('is not below')
    expect(checkImport('packages/core/src/model/change.ts', '../index.ts')).toContain('is not below')
  })

  test('rejects paths that leave the package', () => {
    expect(checkImport('packages/config/src/index.ts', '../../core/src/index.ts')).toContain('outside packages/config')
  })

  test('accepts only lower packages of the workspace, and any other package', () => {
    expect(checkImport('packages/config/src/index.ts', '@sync/core/adapter')).toBeUndefined()
    expect(checkImport('packages/core/src/index.ts', 'fast-json-patch')).toBeUndefined()
    expect(checkImport('packages/core/src/index.ts', '@sync/config')).toContain(
      'packages/config is not below packages/core',
    )
    expect(checkImport('packages/core/src/index.ts', '@sync/core/patch')).toContain('the package itself')
  })

  test('throws when a folder is missing from the table', () => {
    expect(() => checkImport('packages/core/src/index.ts', './utils/all.ts')).toThrow(
      'packages/core/src/utils is missing from layers.table.ts',
    )
  })
})
