import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { cached, cacheFolder, withLock } from './cache.ts'

const run = promisify(execFile)

/** Debian packages that are unpacked into a folder without being installed. */
export interface UnpackedPackage {
  readonly folder: string
  /** Environment variables with which the unpacked programs find their libraries. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Unpacks a package of Debian or a derivative into the cache, with those dependencies that this machine lacks.
 * It needs no root rights: apt works on its own state, and still checks signatures and checksums.
 * @param companions packages that expect to be in the same folder, so they are unpacked even if this machine has them
 * @throws Error if apt is missing or the download fails
 */
export async function unpackDebian(name: string, ...companions: readonly string[]): Promise<UnpackedPackage> {
  const { stdout: arch } = await run('dpkg', ['--print-architecture'])
  const folder = await cached(`debian-${await codename()}-${arch.trim()}-${name}`, async (into) => {
    // The package lists are shared, and apt's own locks would need root rights.
    const debs = await withLock('apt', () => download([name, ...companions], into))
    for (const deb of debs) await run('dpkg', ['-x', deb, into])
    await rm(join(into, 'apt'), { recursive: true })
    await makeLinksRelative(into)
  })
  const libraries = new Set(globSync('{usr/,}lib/**/*.so*', { cwd: folder }).map((file) => join(folder, dirname(file))))
  return { folder, env: { LD_LIBRARY_PATH: [...libraries].join(':') } }
}

/** Rewrites absolute links such as `/etc/…` so that they point to the unpacked file instead of the machine's. */
async function makeLinksRelative(folder: string): Promise<void> {
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isSymbolicLink()) continue
    const link = join(file.parentPath, file.name)
    const target = await readlink(link)
    if (!isAbsolute(target) || !existsSync(join(folder, target))) continue
    await rm(link)
    await symlink(relative(file.parentPath, join(folder, target)), link)
  }
}

async function codename(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8')
  return /^VERSION_CODENAME=(.+)$/m.exec(text)?.[1] ?? 'unnamed'
}

async function download(names: readonly string[], into: string): Promise<string[]> {
  const archives = join(into, 'apt/archives')
  await mkdir(join(archives, 'partial'), { recursive: true })
  const settings = {
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '20',
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': '1',
    'Dir::Cache': join(into, 'apt'),
    'Dir::State::status': '/var/lib/dpkg/status',
  }
  const reinstall = names.length > 1 ? ['--reinstall'] : []
  const get = ['install', '--download-only', '--yes', '--no-install-recommends', ...reinstall, ...names]
  const attempts: readonly (() => Promise<void>)[] = [
    () => aptGet(get, settings),
    // If the machine's package lists are missing or outdated, fetch separate ones.
    async () => {
      const ownSettings = { ...settings, 'Dir::State::lists': await listsFolder('apt-lists') }
      await aptGet(['update'], ownSettings)
      await aptGet(get, ownSettings)
    },
    // On older Debian releases the package may be available only from backports.
    async () => {
      const lists = await listsFolder('apt-lists-backports')
      const list = join(into, 'apt/sources.list')
      await writeFile(list, await sourcesWithBackports(await listsFolder('apt-lists')))
      const ownSettings = {
        ...settings,
        'Dir::State::lists': lists,
        'Dir::Etc::sourcelist': list,
        'Dir::Etc::sourceparts': '/dev/null',
      }
      await aptGet(['update'], ownSettings)
      await aptGet(get, ownSettings)
    },
  ]
  await firstSuccess(attempts)
  const debs = globSync('*.deb', { cwd: archives })
  if (debs.length === 0) throw new Error(`${names[0]} is installed already`)
  return debs.map((file) => join(archives, file))
}

/** Runs the attempts until one succeeds. Throws the first error if all fail, because the later attempts are only fallbacks. */
async function firstSuccess(attempts: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const attempt of attempts) {
    try {
      return await attempt()
    } catch (error) {
      errors.push(error)
    }
  }
  throw errors[0]
}

async function listsFolder(name: string): Promise<string> {
  const folder = join(cacheFolder, name)
  await mkdir(join(folder, 'partial'), { recursive: true })
  return folder
}

/** Returns the machine's package sources, as listed in `lists`, plus the backports suite of its current release. */
async function sourcesWithBackports(lists: string): Promise<string> {
  const release = await codename()
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)'
  const { stdout } = await run('apt-get', [
    '-o',
    `Dir::State::lists=${lists}`,
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ])
  const sources = new Set(stdout.trim().split('\n'))
  for (const source of [...sources]) {
    const [uri, suite, component] = source.split(' ')
    if (suite === release) sources.add(`${uri} ${suite}-backports ${component}`)
  }
  return [...sources].map((source) => `deb ${source}\n`).join('')
}

async function aptGet(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<void> {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, ...args], { maxBuffer: 64 * 1024 * 1024 })
}
