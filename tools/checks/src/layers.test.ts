import { expect, test } from 'vitest'
import { checkImport } from './layers.ts'

test('an import may point to its own folder and to those before it', () => {
  expect(checkImport('packages/core/src/replica/replica.ts', './state.ts')).toBeUndefined()
  expect(checkImport('packages/core/src/replica/replica.ts', '../model/change.ts')).toBeUndefined()
  expect(checkImport('packages/core/src/index.ts', './replica/replica.ts')).toBeUndefined()
})

test('an import may not point to a later folder, nor to the files above all folders', () => {
  expect(checkImport('packages/core/src/model/change.ts', '../replica/replica.ts')).toContain('is not below')
  expect(checkImport('packages/core/src/model/change.ts', '../index.ts')).toContain('is not below')
})

test('an import may not leave its package by a path', () => {
  expect(checkImport('packages/config/src/index.ts', '../../core/src/index.ts')).toContain('outside packages/config')
})

test('a package may import those below it only, and other names freely', () => {
  expect(checkImport('packages/config/src/index.ts', '@sync/core/adapter')).toBeUndefined()
  expect(checkImport('packages/core/src/index.ts', 'fast-json-patch')).toBeUndefined()
  expect(checkImport('packages/core/src/index.ts', '@sync/config')).toContain(
    'packages/config is not below packages/core',
  )
  expect(checkImport('packages/core/src/index.ts', '@sync/core/patch')).toContain('the package itself')
})

test('a folder without a place in the table is an error', () => {
  expect(() => checkImport('packages/core/src/index.ts', './utils/all.ts')).toThrow(
    'packages/core/src/utils has no place',
  )
})
