import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Resources } from '../src/workload/resources.ts'

describe('Resources.leaks', () => {
  it('returns the kinds of resources opened since its creation until they are closed', async () => {
    const resources = new Resources()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    expect(await resources.leaks(0)).toContain('TCPServerWrap')
    expect(await new Resources().leaks(0)).not.toContain('TCPServerWrap')
    server.close()
    await new Promise((resolve) => server.once('close', resolve))
    expect(await resources.leaks(1_000)).not.toContain('TCPServerWrap')
  })
})
