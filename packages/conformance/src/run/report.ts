import type { TestContext } from '../context/test-context.ts'
import type { Adapter, BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { stackHarnessFactory } from '../harness/stack.ts'
import { type RuleResult, type RunOptions, runRule, type Suite } from './run.ts'
import { busSuite, storeSuite, syncSuite } from './suites.ts'

/** What an adapter was tested as. */
export type Kind = 'bus' | 'store' | 'sync'

/** What became of all rules of one kind. */
export interface Report {
  readonly adapter: string
  readonly kind: Kind
  readonly rules: readonly RuleResult[]
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number }
  /** No rule failed, and at least one was executed. */
  readonly ok: boolean
  readonly seed: number
  readonly ms: number
}

/** Which rules are run, and what hears of each as it ends. */
export interface ReportOptions extends RunOptions {
  /** Of an adapter that is several things, only these. */
  readonly kinds?: readonly Kind[]
  /** Only rules whose id begins so. */
  readonly only?: string
  readonly onResult?: (adapter: string, result: RuleResult) => void
}

/** Runs every rule that applies to an adapter: its bus, its store, and the stack over both. */
export async function testAdapter(adapter: Adapter, options: ReportOptions = {}): Promise<Report[]> {
  const { kinds = ['bus', 'store', 'sync'] } = options
  const reports: Report[] = []
  if (adapter.bus && kinds.includes('bus'))
    reports.push(
      await testSuite<BusHarness, TestContext<BusHarness>>(
        adapter.name,
        'bus',
        busSuite as never,
        adapter.bus,
        options,
      ),
    )
  if (adapter.store && kinds.includes('store'))
    reports.push(
      await testSuite<StoreHarness, TestContext<StoreHarness>>(
        adapter.name,
        'store',
        storeSuite as never,
        adapter.store,
        options,
      ),
    )
  if (kinds.includes('sync'))
    reports.push(
      await testSuite<SyncHarness, TestContext<SyncHarness>>(
        adapter.name,
        'sync',
        syncSuite as never,
        stackHarnessFactory(adapter),
        options,
      ),
    )
  return reports
}

async function testSuite<H extends Harness, C extends TestContext<H>>(
  adapter: string,
  kind: Kind,
  suite: Suite<H, C>,
  createHarness: () => Promise<H>,
  { only = '', onResult, seed = 1, ...options }: ReportOptions,
): Promise<Report> {
  const started = performance.now()
  const rules: RuleResult[] = []
  for (const rule of suite.rules.filter(({ id }) => id.startsWith(only))) {
    const result = await runRule(rule, suite.open, createHarness, { ...options, seed })
    rules.push(result)
    onResult?.(adapter, result)
  }
  const count = (status: RuleResult['status']): number => rules.filter((rule) => rule.status === status).length
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
  return {
    adapter,
    kind,
    rules,
    counts,
    ok: counts.failed === 0 && counts.passed > 0,
    seed,
    ms: Math.round(performance.now() - started),
  }
}

/** The reports as a table for people. */
export function toMarkdown(reports: readonly Report[]): string {
  return `${reports.map(reportToMarkdown).join('\n')}`
}

function reportToMarkdown({ adapter, kind, rules, counts, seed }: Report): string {
  const rows = rules.map(
    ({ id, level, statement, status, reason = '' }) =>
      `| ${id} | ${level} | ${status} | ${escapeCell(statement)} | ${escapeCell(status === 'failed' ? (reason.split('\n')[1]?.trim() ?? '') : reason)} |`,
  )
  return [
    `## ${adapter} (${kind})`,
    '',
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped; seed ${seed}`,
    '',
    '| rule | level | status | what it says | reason |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
