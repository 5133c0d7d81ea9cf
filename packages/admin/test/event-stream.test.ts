import { describe, expect, it } from 'vitest'
import { EventStream } from '../src/event-stream.ts'

const never = new AbortController().signal

describe('EventStream', () => {
  it('skips messages for a client without room, and drops it when it stays so', async () => {
    const stream = new EventStream(2)
    const slow = stream.open('"first"', 0, never)
    for (let at = 1_000; at <= 15_000; at += 1_000) stream.send('"later"', at)
    expect(stream.size).toBe(1)
    stream.send('"last"', 16_000)
    expect(stream.size).toBe(0)
    await expect(new Response(slow).text()).rejects.toThrow('the client reads too slowly')
  })

  it('keeps a client that reads, and holds at most one unread message', async () => {
    const stream = new EventStream(2)
    const reader = (stream.open('1', 0, never) as ReadableStream<Uint8Array>).getReader()
    const read = async () => Buffer.from((await reader.read()).value ?? []).toString()
    expect(await read()).toBe('data: 1\n\n')
    stream.send('2', 60_000)
    stream.send('3', 61_000)
    expect(await read()).toBe('data: 2\n\n')
    stream.send('4', 62_000)
    expect(await read()).toBe('data: 4\n\n')
    await reader.cancel()
    expect(stream.size).toBe(0)
  })

  it('opens no stream beyond its limit', () => {
    const stream = new EventStream(1)
    expect(stream.open('1', 0, never)).toBeDefined()
    expect(stream.open('1', 0, never)).toBeUndefined()
  })
})
