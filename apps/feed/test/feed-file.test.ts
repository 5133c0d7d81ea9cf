import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Observation, readFeed } from '../src/feed-file.ts'

const line = (key: string, value: unknown = { n: 1 }): string =>
  `${JSON.stringify({ t: '2024-02-05T00:21:16+00:00', key, value })}\n`

const many = Array.from({ length: 5_000 }, (_, i) => line(`k${i}`, { n: i, noise: Math.sin(i) })).join('')

const quickBrotli = (text: string): Buffer =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feed-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(name: string, content: string | Uint8Array): Promise<Observation[]> {
  const file = join(folder, name)
  await writeFile(file, content)
  return all(file)
}

async function all(file: string): Promise<Observation[]> {
  const observations: Observation[] = []
  for await (const observation of readFeed(file)) observations.push(observation)
  return observations
}

const reading = (name: string, content: string | Uint8Array): Promise<string> =>
  read(name, content).then(
    () => 'no error',
    (error: Error) => error.message.replace(`${folder}/`, ''),
  )

describe('a feed file', () => {
  it('is read line by line, removals as null', async () => {
    expect(await read('a.jsonl', line('a') + line('b', null))).toEqual([
      { line: 1, key: 'a', value: { n: 1 } },
      { line: 2, key: 'b', value: null },
    ])
  })

  it('may lack its last line feed, have blank lines and Windows line ends', async () => {
    const text = `${line('a').replace('\n', '\r\n')}\n${line('é').trimEnd()}`
    expect(await read('a.jsonl', text)).toMatchObject([
      { line: 1, key: 'a' },
      { line: 3, key: 'é' },
    ])
  })

  it.each([
    ['gz', gzipSync],
    ['br', quickBrotli],
  ])('is decompressed: %s', async (ending, compress) => {
    expect(await read(`a.jsonl.${ending}`, compress(many))).toHaveLength(5_000)
  })

  it.each([
    ['{"t":', 'not JSON'],
    ['[1]', 'not a JSON object'],
    ['{"t":"2024-02-05T00:21:16Z","value":null}', '"key" is not'],
    ['{"t":"2024-02-05T00:21:16Z","key":"","value":null}', '"key" is not'],
    ['{"t":"yesterday","key":"a","value":null}', '"t" is not a time'],
    ['{"t":17,"key":"a","value":null}', '"t" is not a time'],
    ['{"t":"2024-02-05T00:21:16Z","key":"a"}', '"value" is neither'],
    ['{"t":"2024-02-05T00:21:16Z","key":"a","value":[1]}', '"value" is neither'],
  ])('is refused at the line that is wrong: %s', async (wrong, what) => {
    expect(await reading('a.jsonl', `${line('a')}${line('b')}${wrong}\n${line('c')}`)).toContain(`a.jsonl:3: ${what}`)
  })

  it('is refused at a line that is not UTF-8', async () => {
    const text = Buffer.concat([Buffer.from(line('a')), Buffer.from([0x22, 0xff, 0x22, 0x0a])])
    expect(await reading('a.jsonl', text)).toBe('a.jsonl:2: not UTF-8 text')
  })

  it.each([
    ['gz', gzipSync],
    ['br', quickBrotli],
  ])('that ends early names its last whole line: %s', async (ending, compress) => {
    const whole = compress(many)
    const message = await reading(`a.jsonl.${ending}`, whole.subarray(0, whole.length >> 1))
    const [, at] = /^a\.jsonl\.\w\w:(\d+): the compressed data ends early/.exec(message) ?? []
    expect(Number(at)).toBeGreaterThan(1_000)
    expect(Number(at)).toBeLessThan(4_000)
  })

  it('with damaged compressed data names the line before the damage', async () => {
    const damaged = gzipSync(many)
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 64)
    expect(await reading('a.jsonl.gz', damaged)).toMatch(
      /^a\.jsonl\.gz(:\d+)?: (the compressed data is damaged|not JSON)/,
    )
  })

  it('that is not compressed, missing, or a folder is refused with its name', async () => {
    expect(await reading('plain.jsonl.gz', line('a'))).toMatch(/^plain\.jsonl\.gz: not compressed as its name says/)
    await expect(all(join(folder, 'none'))).rejects.toThrow('none: there is no such file')
    await expect(all(folder)).rejects.toThrow('not a file')
  })
})
