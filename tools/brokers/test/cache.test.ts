import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type * as Cache from '../src/install/cache.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

let folder: string
let cache: typeof Cache

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sync-brokers-cache-'))
  vi.stubEnv('SYNC_BROKERS_CACHE', folder)
  vi.resetModules()
  cache = await import('../src/install/cache.ts')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('a folder is filled once, however many ask, and is there whole or not at all', async () => {
  let fills = 0
  const fill = async (into: string): Promise<void> => {
    fills++
    await writeFile(join(into, 'a'), 'half')
    expect(await readdir(folder)).not.toContain('thing')
    await writeFile(join(into, 'a'), 'whole')
  }
  const places = await Promise.all([1, 2, 3].map(() => cache.cached('thing', fill)))
  expect(new Set(places)).toEqual(new Set([join(folder, 'thing')]))
  expect(fills).toBe(1)
  expect(await readFile(join(folder, 'thing/a'), 'utf8')).toBe('whole')
  expect(await readdir(folder)).toEqual(['thing'])
})

test('what could not be filled leaves nothing behind, and is tried again', async () => {
  const fail = async (into: string): Promise<void> => {
    await writeFile(join(into, 'a'), 'half')
    throw new Error('the network is down')
  }
  await expect(cache.cached('thing', fail)).rejects.toThrow('the network is down')
  expect(await readdir(folder)).toEqual([])
  expect(await cache.cached('thing', async () => {})).toBe(join(folder, 'thing'))
})

test('the lock of a process that has died holds nobody up; that of a living one does', async () => {
  const dead = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim()
  await writeFile(join(folder, 'work.lock'), dead)
  expect(await cache.withLock('work', async () => 'done')).toBe('done')

  const order: string[] = []
  await cache
    .withLock('work', async () => {
      const second = cache.withLock('work', async () => order.push('second'))
      await vi.waitFor(async () => expect(await readdir(folder)).toContain('work.lock'), WAIT_OPTIONS)
      order.push('first')
      return { second }
    })
    .then(({ second }) => second)
  expect(order).toEqual(['first', 'second'])
})

/** Has one file for everybody. */
const MAVEN = `#!/bin/sh
for one; do case $one in -DoutputDirectory=*) into=\${one#*=} ;; esac; done
mkdir "$into" && printf jar > "$into/thing-1.jar"
`

test('a jar that is not as it must be is refused, and not kept', async () => {
  const bin = await mkdtemp(join(tmpdir(), 'sync-brokers-maven-'))
  await writeFile(join(bin, 'mvn'), MAVEN, { mode: 0o755 })
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`)
  const { fetchJars } = await import('../src/install/maven.ts')
  const jar = { group: 'org.example', artifact: 'thing', version: '1' }
  const sum = createHash('sha256').update('jar').digest('hex')
  await expect(fetchJars('wrong', [{ ...jar, sha256: 'f00' }])).rejects.toThrow(`its SHA-256 is ${sum}, not f00`)
  expect(await readdir(folder)).toEqual([])
  expect(await readdir(await fetchJars('right', [{ ...jar, sha256: sum }]))).toEqual(['thing-1.jar'])
  await rm(bin, { recursive: true })
})
