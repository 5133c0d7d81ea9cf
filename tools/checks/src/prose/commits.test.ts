import { expect, test } from 'vitest'
import { subjectProblems } from './commits.ts'

test.each([
  'feat: add a glossary',
  'fix(stream): emit `removed` when the replica never saw the document',
  'refactor(core)!: rename the store client',
  'test: seed the generator',
  `docs: ${'x'.repeat(66)}`,
])('accepts "%s"', (subject) => {
  expect(subjectProblems(subject)).toEqual([])
})

test.each([
  ['What was written twice has one place', 'type(scope)'],
  ['feature: add a glossary', 'type(scope)'],
  ['fix(stream) emit', 'type(scope)'],
  ['fix: emit once.', 'no period'],
  ['fix: fixed the stream', 'imperative'],
  ['feat: adding a glossary', 'imperative'],
  [`docs: ${'x'.repeat(67)}`, 'at most 72'],
])('reports "%s"', (subject, hint) => {
  expect(subjectProblems(subject)).toEqual([expect.stringContaining(hint)])
})
