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

const readError = (name: string, content: string | Uint8Array): Promise<string> =>
  read(name, content).then(
    () => 'no error',
    (error: Error) => error.message.replace(`${folder}/`, ''),
  )

describe('readFeed()', () => {
  it('yields one observation per line, with null for a removal', async () => {
    expect(await read('a.jsonl', line('a') + line('b', null))).toEqual([
      { line: 1, key: 'a', value: { n: 1 } },
      { line: 2, key: 'b', value: null },
    ])
  })

  it('accepts blank lines, Windows line ends and a missing last line feed', async () => {
    const text = `${line('a').replace('\n', '\r\n')}\n${line('é').trimEnd()}`
    expect(await read('a.jsonl', text)).toMatchObject([
      { line: 1, key: 'a' },
      { line: 3, key: 'é' },
    ])
  })

  it.each([
    ['gz', gzipSync],
    ['br', quickBrotli],
  ])('decompresses .%s files', async (extension, compress) => {
    expect(await read(`a.jsonl.${extension}`, compress(many))).toHaveLength(5_000)
  })

  it.each([
    ['{"t":', 'expected JSON'],
    ['[1]', 'expected a JSON object'],
    ['{"t":"2024-02-05T00:21:16Z","value":null}', '"key": expected'],
    ['{"t":"2024-02-05T00:21:16Z","key":"","value":null}', '"key": expected'],
    ['{"t":"yesterday","key":"a","value":null}', '"t": expected an ISO 8601 time'],
    ['{"t":17,"key":"a","value":null}', '"t": expected an ISO 8601 time'],
    ['{"t":"2024-02-05T00:21:16Z","key":"a"}', '"value": expected'],
    ['{"t":"2024-02-05T00:21:16Z","key":"a","value":[1]}', '"value": expected'],
  ])('throws an error with the number of the invalid line: %s', async (invalid, message) => {
    expect(await readError('a.jsonl', `${line('a')}${line('b')}${invalid}\n${line('c')}`)).toContain(
      `a.jsonl:3: ${message}`,
    )
  })

  it('throws an error with the number of a line that is not UTF-8', async () => {
    const text = Buffer.concat([Buffer.from(line('a')), Buffer.from([0x22, 0xff, 0x22, 0x0a])])
    expect(await readError('a.jsonl', text)).toBe('a.jsonl:2: expected UTF-8 text')
  })

  it.each([
    ['gz', gzipSync],
    ['br', quickBrotli],
  ])(
    'throws an error with the number of the last complete line when a .%s file is truncated',
    async (extension, compress) => {
      const complete = compress(many)
      const message = await readError(`a.jsonl.${extension}`, complete.subarray(0, complete.length >> 1))
      const [, number] = /^a\.jsonl\.\w\w:(\d+): the compressed data is truncated/.exec(message) ?? []
      expect(Number(number)).toBeGreaterThan(1_000)
      expect(Number(number)).toBeLessThan(4_000)
    },
  )

  it('throws an error with the number of the line before the damage when compressed data is damaged', async () => {
    const damaged = gzipSync(many)
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 64)
    expect(await readError('a.jsonl.gz', damaged)).toMatch(
      /^a\.jsonl\.gz(:\d+)?: (the compressed data is damaged|expected JSON)/,
    )
  })

  it('throws an error with the file name when the file is not compressed, missing, or a folder', async () => {
    expect(await readError('plain.jsonl.gz', line('a'))).toMatch(
      /^plain\.jsonl\.gz: expected compressed data, as the file name says/,
    )
    await expect(all(join(folder, 'none'))).rejects.toThrow('none: file not found')
    await expect(all(folder)).rejects.toThrow('expected a regular file')
  })
})
