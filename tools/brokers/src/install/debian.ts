import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cached, cacheFolder } from './cache.ts'

const run = promisify(execFile)

/** Files of Debian's packages, unpacked; nothing of it is installed. */
export interface Unpacked {
  readonly folder: string
  /** Lets its programs find its libraries. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Unpacks a package of Debian (or of a system made from it), with all that it needs and this machine lacks, into the cache.
 * Needs no rights: apt works on state of its own, and checks signatures and sums as ever. Throws where that cannot be done.
 */
export async function unpackDebian(name: string): Promise<Unpacked> {
  const { stdout: arch } = await run('dpkg', ['--print-architecture'])
  const folder = await cached(`debian-${await codename()}-${arch.trim()}-${name}`, async (into) => {
    const debs = await download(name, into)
    for (const deb of debs) await run('dpkg', ['-x', deb, into])
    await rm(join(into, 'apt'), { recursive: true })
  })
  const libraries = new Set(globSync('{usr/,}lib/**/*.so*', { cwd: folder }).map((file) => join(folder, dirname(file))))
  return { folder, env: { LD_LIBRARY_PATH: [...libraries].join(':') } }
}

async function codename(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8')
  return /^VERSION_CODENAME=(.+)$/m.exec(text)?.[1] ?? 'unnamed'
}

async function download(name: string, into: string): Promise<string[]> {
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
  const get = ['install', '--download-only', '--yes', '--no-install-recommends', name]
  try {
    await aptGet(get, settings)
  } catch {
    // The machine's package lists are missing or too old: fetch our own.
    const state = join(cacheFolder, 'apt-state')
    await mkdir(join(state, 'lists/partial'), { recursive: true })
    const own = { ...settings, 'Dir::State': state }
    await aptGet(['update'], own)
    await aptGet(get, own)
  }
  return globSync('*.deb', { cwd: archives }).map((file) => join(archives, file))
}

async function aptGet(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<void> {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, ...args], { maxBuffer: 64 * 1024 * 1024 })
}
