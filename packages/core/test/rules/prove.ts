import { join } from 'node:path'
import { createVitest, type TestCase, type TestSpecification, type Vitest } from 'vitest/node'
import { applyEdits } from './apply-edits.ts'
import type { Rule, TestReference } from './rule.ts'

/** The result for one rule. */
export interface Verdict {
  readonly rule: Rule
  /** Reason why the rule is not proven. Absent if it is. */
  readonly problem?: string
}

const tests = join(import.meta.dirname, '..')
const conditions = ['@sync/source']
const ORIGINAL = 'untouched'

/**
 * Proves rules. Runs the test of each rule twice: with the unchanged source, where it must pass, and with a copy that lacks the
 * rule, where it must fail by an assertion.
 */
export async function prove(rules: readonly Rule[]): Promise<Verdict[]> {
  const patchedSources = new Map<string, PatchedSource>([[ORIGINAL, new PatchedSource([])]])
  const invalid = new Map<string, string>()
  for (const { name, edits } of rules) {
    try {
      patchedSources.set(name, new PatchedSource(edits))
    } catch (error) {
      invalid.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  const valid = rules.filter(({ name }) => !invalid.has(name))
  const vitest = await openVitest(patchedSources)
  try {
    await vitest.runTestSpecifications([
      ...byFile(valid).map(([file, names]) => specificationOf(vitest, ORIGINAL, file, names)),
      ...valid.map(({ name, provenBy }) => specificationOf(vitest, name, provenBy.file, [provenBy.name])),
    ])
    return rules.map((rule) => {
      const problem = invalid.get(rule.name) ?? problemOf(vitest, rule, patchedSources.get(rule.name)?.unused ?? [])
      return problem === undefined ? { rule } : { rule, problem }
    })
  } finally {
    await vitest.close()
  }
}

/** The source without a rule. Contains only the files that differ. */
class PatchedSource {
  readonly #texts: ReadonlyMap<string, string>
  readonly #used = new Set<string>()

  constructor(edits: Rule['edits']) {
    this.#texts = applyEdits(edits)
  }

  /** Returns the replacement of a source file, or `undefined` if the file does not differ. */
  load(path: string): string | undefined {
    if (this.#texts.has(path)) this.#used.add(path)
    return this.#texts.get(path)
  }

  /** Files that differ but were never loaded. */
  get unused(): string[] {
    return [...this.#texts.keys()].filter((path) => !this.#used.has(path))
  }
}

/** Opens Vitest with one project per copy of the source. */
function openVitest(copies: ReadonlyMap<string, PatchedSource>): Promise<Vitest> {
  const projects = [...copies].map(([name, copy]) => ({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    plugins: [{ name: 'without', enforce: 'pre' as const, load: (id: string) => copy.load(id) }],
    root: join(tests, '..'),
    // the cache is keyed by file name, so it would return the unchanged module
    test: { name, include: ['test/**/*.test.ts'], fsModuleCache: false },
  }))
  return createVitest('test', {
    config: false,
    watch: false,
    reporters: [{}],
    // without a rule, other code may fail besides the assertion
    dangerouslyIgnoreUnhandledErrors: true,
    maxWorkers: 2,
    projects,
  })
}

function byFile(rules: readonly Rule[]): [file: string, names: string[]][] {
  const groups = Map.groupBy(rules, ({ provenBy }) => provenBy.file)
  return [...groups].map(([file, group]) => [file, [...new Set(group.map(({ provenBy }) => provenBy.name))]])
}

function specificationOf(vitest: Vitest, project: string, file: string, testNames: string[]): TestSpecification {
  return vitest.getProjectByName(project).createSpecification(join(tests, file), { testNames })
}

function problemOf(vitest: Vitest, { name, provenBy }: Rule, unused: readonly string[]): string | undefined {
  const before = resultOf(vitest, ORIGINAL, provenBy)
  if (typeof before === 'string') return before
  if (before.state !== 'passed') return `${before.state} with the rule: ${messages(before)}`
  if (unused.length > 0) return `the test does not load ${unused.join(', ')}`
  const without = resultOf(vitest, name, provenBy)
  if (typeof without === 'string') return without
  if (without.state !== 'failed') return `${without.state} without the rule`
  const failedByAssertion = without.errors.some((error) => error.name === 'AssertionError')
  return failedByAssertion ? undefined : `failed without an assertion: ${messages(without)}`
}

type Result = ReturnType<TestCase['result']>

/** Returns a test's result, or the reason why it did not run. */
function resultOf(vitest: Vitest, project: string, { file, name }: TestReference): Result | string {
  const modules = vitest.state.getTestModules()
  const module = modules.find((one) => one.project.name === project && one.moduleId === join(tests, file))
  if (!module) return 'the test did not run'
  for (const test of module.children.allTests()) if (test.fullName === name) return test.result()
  const errors = module.errors().map(({ message }) => message)
  return errors.length > 0 ? `cannot be loaded: ${errors.join(', ')}` : `${file}: no test is named "${name}"`
}

const messages = ({ errors }: Result): string => (errors ?? []).map(({ message }) => message).join(', ')
