import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { ViteUserConfig } from 'vitest/config'

const conditions = ['@sync/source']
const folders = globSync(['{packages,apps,tools}/*/package.json', 'examples/testing/package.json'], {
  cwd: import.meta.dirname,
})
  .map(dirname)
  .sort()

/** Where tests wait for real brokers. A CI machine that stands still for seconds may have them fail over; what is wrong is wrong twice. */
const brokered = new Set(['bench', 'brokers', 'examples', 'faults', 'feed', 'kafka', 'nats', 'redis', 'reference'])
/** A project's name: that of its folder. An example has a prefix, since its folder may share a package's name. */
const nameOf = (root: string): string => (root.startsWith('examples/') ? `example-${basename(root)}` : basename(root))
const retry = (project: string): number => (process.env['CI'] && brokered.has(project) ? 1 : 0)

/** One run for the whole workspace, straight from source; a project per package: `pnpm vitest --project core`. */
const config: ViteUserConfig = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // most of the time a test with a broker waits for it
    maxWorkers: '100%',
    // no test is about how fast the machine is
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
