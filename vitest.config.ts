import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { ViteUserConfig } from 'vitest/config'

const conditions = ['@sync/source']
const folders = globSync(['{packages,apps,tools}/*/package.json', 'examples/testing/package.json'], {
  cwd: import.meta.dirname,
})
  .map(dirname)
  .sort()

/**
 * Projects whose tests use real brokers. A CI machine that freezes for seconds can cause a fail-over and fail a correct test, so
 * these tests get one retry on CI. A real bug fails twice.
 */
const brokered = new Set([
  'bench',
  'brokers',
  'cli',
  'examples',
  'faults',
  'feed',
  'kafka',
  'nats',
  'redis',
  'reference',
])
/** Returns a project's name: its folder's name, with a prefix for examples, whose folder may share a package's name. */
const nameOf = (root: string): string => (root.startsWith('examples/') ? `example-${basename(root)}` : basename(root))
const retry = (project: string): number => (process.env['CI'] && brokered.has(project) ? 1 : 0)

/** Runs the tests of the whole workspace from source, with one project per package: `pnpm vitest --project core`. */
const config: ViteUserConfig = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // tests with brokers mostly wait, so every core gets a worker
    maxWorkers: '100%',
    // generous, because no test depends on the machine's speed
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: folders.map((root) => ({
      extends: true,
      root,
      test: { name: nameOf(root), include: ['{src,test}/**/*.test.ts'], retry: retry(nameOf(root)) },
    })),
  },
}

export default config
