import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Shell script that cleans up after this process. It reads its standard input until this process ends, even by SIGKILL. Then it
 * kills the process groups and containers recorded in the folder, and removes the folder. It runs in its own session, so that
 * Ctrl-C does not reach it.
 */
const WATCHDOG = `
while read -r _; do :; done
for entry in "$1"/pids/*; do kill -s KILL -- "-\${entry##*/}" 2>/dev/null; done
for entry in "$1"/containers/*; do [ -e "$entry" ] && docker rm --force "\${entry##*/}"; done
for _ in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.2; done
`

let tempDir: Promise<string> | undefined

/** Returns this process's folder. When this process ends, the watchdog kills all servers recorded in it and removes it. */
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
    // The watchdog must find `rm` even if the folders of this process's PATH no longer exist by then.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/bin:/bin` },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.unref()
  // `stdin` is a socket, though typed as a stream. It must not keep this process alive either.
  Reflect.get(watchdog.stdin, 'unref').call(watchdog.stdin)
  return folder
}

let directoryCount = 0

/** Creates a folder within this process's folder. */
export async function createTempDir(name: string): Promise<string> {
  const folder = join(await processTempDir(), `${name}-${++directoryCount}`)
  await mkdir(folder)
  return folder
}

/** Removes a folder without waiting for the end of this process. */
export async function removeDirectory(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/**
 * Starts a command in its own process group, which is killed when this process ends. A shell records its own process id and then
 * replaces itself with the command, so no command ever runs unrecorded.
 */
export async function spawnTracked(command: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const script = ': > "$1/pids/$$" && shift && exec "$@"'
  const folder = await processTempDir()
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder, ...command], { ...options, detached: true })
  // After the process has exited, the system can reuse its id for another process.
  child.once('exit', () => rm(join(folder, 'pids', `${child.pid}`), { force: true }))
  await once(child, 'spawn')
  child.unref()
  return child
}

/** Records a container, which is then removed when this process ends. */
export async function trackContainer(name: string): Promise<void> {
  await writeFile(join(await processTempDir(), 'containers', name), '')
}

/** Removes the record of a container that has exited. */
export async function untrackContainer(name: string): Promise<void> {
  await rm(join(await processTempDir(), 'containers', name), { force: true })
}
