import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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

describe('cached', () => {
  it('fills a folder once for concurrent callers, and shows it only when it is complete', async () => {
    let fills = 0
    const fill = async (into: string): Promise<void> => {
      fills++
      await writeFile(join(into, 'a'), 'half')
      expect(await readdir(folder)).not.toContain('thing')
      await writeFile(join(into, 'a'), 'whole')
    }
    const paths = await Promise.all([1, 2, 3].map(() => cache.cached('thing', fill)))
    expect(new Set(paths)).toEqual(new Set([join(folder, 'thing')]))
    expect(fills).toBe(1)
    expect(await readFile(join(folder, 'thing/a'), 'utf8')).toBe('whole')
    expect(await readdir(folder)).toEqual(['thing'])
  })

  it('leaves no files behind when filling fails, and tries again on the next call', async () => {
    const fail = async (into: string): Promise<void> => {
      await writeFile(join(into, 'a'), 'half')
      throw new Error('the network is down')
    }
    await expect(cache.cached('thing', fail)).rejects.toThrow('the network is down')
    expect(await readdir(folder)).toEqual([])
    expect(await cache.cached('thing', async () => {})).toBe(join(folder, 'thing'))
  })
})

describe('withLock', () => {
  it('ignores the lock of a dead process', async () => {
    const dead = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim()
    await writeFile(join(folder, 'work.lock'), dead)
    expect(await cache.withLock('work', async () => 'done')).toBe('done')
  })

  it('waits while a live process holds the lock', async () => {
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
})

/** Stands in for Maven and delivers the same file for every jar. */
const FAKE_MAVEN = `#!/bin/sh
for arg; do case $arg in -DoutputDirectory=*) into=\${arg#*=} ;; esac; done
mkdir "$into" && printf jar > "$into/thing-1.jar"
`

describe('fetchJars', () => {
  it('rejects a jar with another checksum and does not keep it', async () => {
    const bin = await mkdtemp(join(tmpdir(), 'sync-brokers-maven-'))
    await writeFile(join(bin, 'mvn'), FAKE_MAVEN, { mode: 0o755 })
    vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`)
    const { fetchJars } = await import('../src/install/maven.ts')
    const jar = { group: 'org.example', artifact: 'thing', version: '1' }
    const sum = createHash('sha256').update('jar').digest('hex')
    await expect(fetchJars('wrong', [{ ...jar, sha256: 'f00' }])).rejects.toThrow(`expected SHA-256 f00, got ${sum}`)
    expect(await readdir(folder)).toEqual([])
    expect(await readdir(await fetchJars('right', [{ ...jar, sha256: sum }]))).toEqual(['thing-1.jar'])
    await rm(bin, { recursive: true })
  })
})
