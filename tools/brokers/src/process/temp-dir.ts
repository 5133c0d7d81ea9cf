import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Waits for the end of the process that holds the other end of its input, whatever ended it, then kills the process groups
 * and the containers noted in the folder and removes the folder. It is in a session of its own: Ctrl-C does not reach it.
 */
const WATCHDOG = `
while read -r _; do :; done
for one in "$1"/pids/*; do kill -s KILL -- "-\${one##*/}" 2>/dev/null; done
for one in "$1"/containers/*; do [ -e "$one" ] && docker rm --force "\${one##*/}"; done
for _ in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.2; done
`

let tempDir: Promise<string> | undefined

/** The folder of this process. It goes, with every server noted in it, when this process ends: also by SIGKILL. */
function processTempDir(): Promise<string> {
  tempDir ??= createProcessTempDir()
  return tempDir
}

async function createProcessTempDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-brokers-'))
  await mkdir(join(folder, 'pids'))
  await mkdir(join(folder, 'containers'))
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', folder], {
    detached: true,
    // It still finds `rm` where this process's own places are gone by then.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/bin:/bin` },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.unref()
  // A socket, though typed as a stream: it must not keep this process alive either.
  Reflect.get(watchdog.stdin, 'unref').call(watchdog.stdin)
  return folder
}

let directoryCount = 0

/** A new folder within that of this process. */
export async function createTempDir(name: string): Promise<string> {
  const folder = join(await processTempDir(), `${name}-${++directoryCount}`)
  await mkdir(folder)
  return folder
}

/** Removes a folder before this process ends. */
export async function removeDirectory(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/**
 * Starts a command in a process group of its own, noted before the command runs: so that it ends with this process, whenever
 * that is. A shell notes its own id and becomes the command.
 */
export async function spawnTracked(command: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const script = ': > "$1/pids/$$" && shift && exec "$@"'
  const folder = await processTempDir()
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder, ...command], { ...options, detached: true })
  // Once it is gone, its id may belong to another.
  child.once('exit', () => rm(join(folder, 'pids', `${child.pid}`), { force: true }))
  await once(child, 'spawn')
  child.unref()
  return child
}

/** Has a container removed with this process, until it is forgotten. */
export async function trackContainer(name: string): Promise<void> {
  await writeFile(join(await processTempDir(), 'containers', name), '')
}

/** The container is gone. */
export async function untrackContainer(name: string): Promise<void> {
  await rm(join(await processTempDir(), 'containers', name), { force: true })
}
