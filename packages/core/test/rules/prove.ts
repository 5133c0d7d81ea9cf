import { join } from 'node:path'
import { createVitest, type TestCase, type TestSpecification, type Vitest } from 'vitest/node'
import { applyEdits } from './apply-edits.ts'
import type { Rule, TestReference } from './rule.ts'

/** What came of a rule. */
export interface Verdict {
  readonly rule: Rule
  /** Why it is not proven; absent: it is. */
  readonly problem?: string
}

const tests = join(import.meta.dirname, '..')
const conditions = ['@sync/source']
const ORIGINAL = 'untouched'

/** Runs each rule's test with the source as it is, which has to pass, and with a copy that lacks the rule, which has to fail. */
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

/** A copy of the source without a rule. Only the files that differ are kept. */
class PatchedSource {
  readonly #texts: ReadonlyMap<string, string>
  readonly #used = new Set<string>()

  constructor(edits: Rule['edits']) {
    this.#texts = applyEdits(edits)
  }

  /** What it has in place of a file of the source; `undefined`: the file itself. */
  load(path: string): string | undefined {
    if (this.#texts.has(path)) this.#used.add(path)
    return this.#texts.get(path)
  }

  /** The files that differ, but were not asked for. */
  get unused(): string[] {
    return [...this.#texts.keys()].filter((path) => !this.#used.has(path))
  }
}

/** A project for each copy. */
function openVitest(copies: ReadonlyMap<string, PatchedSource>): Promise<Vitest> {
  const projects = [...copies].map(([name, copy]) => ({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    plugins: [{ name: 'without', enforce: 'pre' as const, load: (id: string) => copy.load(id) }],
    root: join(tests, '..'),
    // the cache knows a module by its file: it would hand out that of the source
    test: { name, include: ['test/**/*.test.ts'], fsModuleCache: false },
  }))
  return createVitest('test', {
    config: false,
    watch: false,
    reporters: [{}],
    // without a rule much may go wrong beside what is asserted
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
  if (unused.length > 0) return `the test has nothing to do with ${unused.join(', ')}`
  const without = resultOf(vitest, name, provenBy)
  if (typeof without === 'string') return without
  if (without.state !== 'failed') return `${without.state} without the rule`
  const asserted = without.errors.some((error) => error.name === 'AssertionError')
  return asserted ? undefined : `failed, but by no assertion: ${messages(without)}`
}

type Result = ReturnType<TestCase['result']>

/** How a test ended; or why it did not run. */
function resultOf(vitest: Vitest, project: string, { file, name }: TestReference): Result | string {
  const modules = vitest.state.getTestModules()
  const module = modules.find((each) => each.project.name === project && each.moduleId === join(tests, file))
  if (!module) return 'the test did not run'
  for (const each of module.children.allTests()) if (each.fullName === name) return each.result()
  const errors = module.errors().map(({ message }) => message)
  return errors.length > 0 ? `cannot be loaded: ${errors.join(', ')}` : 'there is no such test'
}

const messages = ({ errors }: Result): string => (errors ?? []).map(({ message }) => message).join(', ')
