import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findFirst } from '../availability.ts'
import { cached } from '../install/cache.ts'
import { unpackDebian } from '../install/debian.ts'
import { inspect } from '../install/inspect.ts'
import type { Program } from '../process/program.ts'

const run = promisify(execFile)

const COMMAND_NAMES = ['chromium', 'google-chrome', 'chromium-headless-shell', 'chromium-browser']
const VERSION = /\b(\d+\.\d+\.\d+\.\d+)\b/

let found: Promise<Program> | undefined

/**
 * Finds a Chromium for page tests, with its absolute path. Sources, in order: `SYNC_TEST_CHROMIUM`, the PATH, Debian's headless
 * package, Playwright's download.
 * @throws UnavailableError if no source has it
 */
export function findChromium(): Promise<Program> {
  found ??= search()
  return found
}

function search(): Promise<Program> {
  const fromEnvironment = process.env['SYNC_TEST_CHROMIUM']
  return findFirst('Chromium', [
    {
      name: 'SYNC_TEST_CHROMIUM',
      find: async () => (fromEnvironment ? inspectCandidate(fromEnvironment, 'from the environment') : undefined),
    },
    ...COMMAND_NAMES.map((name) => ({ name: `${name} on the PATH`, find: () => findOnPath(name) })),
    {
      name: "Debian's packages",
      async find() {
        const { folder, env } = await unpackDebian('chromium-headless-shell', 'chromium-common')
        const command = join(folder, 'usr/lib/chromium/chromium-headless-shell')
        return inspectCandidate(command, `Debian's packages in ${folder}`, { ...env, ...fontEnv(folder) })
      },
    },
    { name: "Playwright's download", find: downloadWithPlaywright },
  ])
}

/** Points Chromium to the unpacked fonts. They are in the folder only if the machine has no fonts of its own. */
function fontEnv(folder: string): Program['env'] {
  const settings = join(folder, 'etc/fonts')
  return existsSync(settings) ? { FONTCONFIG_PATH: settings, XDG_DATA_HOME: join(folder, 'usr/share') } : {}
}

async function findOnPath(name: string): Promise<Program | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const command = folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
  return command === undefined ? undefined : inspectCandidate(command, 'on the PATH')
}

const inspectCandidate = (command: string, source: string, env: Program['env'] = {}): Promise<Program> =>
  inspect({ command, source, env, version: VERSION })

async function downloadWithPlaywright(): Promise<Program | undefined> {
  const manifest = createRequire(import.meta.url).resolve('playwright-core/package.json')
  const { version } = createRequire(manifest)('./package.json') as { readonly version: string }
  const folder = await cached(`playwright-${version}-${process.platform}-${process.arch}`, async (into) => {
    const env = { ...process.env, PLAYWRIGHT_BROWSERS_PATH: into }
    await run(process.execPath, [join(dirname(manifest), 'cli.js'), 'install', 'chromium-headless-shell'], { env })
  })
  const [command] = globSync('chromium_headless_shell-*/*/{chrome-headless-shell,headless_shell}{,.exe}', {
    cwd: folder,
  })
  return command === undefined ? undefined : inspectCandidate(join(folder, command), `Playwright's in ${folder}`)
}
