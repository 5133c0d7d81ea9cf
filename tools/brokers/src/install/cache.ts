import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../process/wait-for.ts'

/** Folder that keeps downloads between runs. @default `SYNC_BROKERS_CACHE`, or `sync-brokers` in the user's cache folder */
export const cacheFolder: string =
  process.env['SYNC_BROKERS_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sync-brokers')

/**
 * Returns the path of a named folder in the cache. If it is missing, `fill` creates its contents. `fill` runs only once, even if
 * several processes ask at the same time, and the folder becomes visible only when it is complete.
 */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder, name)
  if (!existsSync(folder))
    await withLock(name, async () => {
      if (!existsSync(folder)) await fillAtomically(folder, fill)
    })
  return folder
}

async function fillAtomically(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const partial = `${folder}.${randomUUID()}.part`
  try {
    await mkdir(partial)
    await fill(partial)
    await rename(partial, folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** Runs `work` while holding a lock file, so that no other process runs work of the same name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  await mkdir(cacheFolder, { recursive: true })
  const lock = join(cacheFolder, `${name}.lock`)
  await waitFor(() => tryLock(lock), { condition: `${lock} is free`, timeout: 600_000, interval: 100 })
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx')
    await file.writeFile(`${process.pid}`)
    await file.close()
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    if (!(await isHolderAlive(lock))) await rm(lock, { force: true })
    return false
  }
}

async function isHolderAlive(lock: string): Promise<boolean> {
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
  // The lock file is still empty: its holder is about to write its process id.
  if (!(holder > 0)) return true
  try {
    process.kill(holder, 0)
    return true
  } catch {
    return false
  }
}
