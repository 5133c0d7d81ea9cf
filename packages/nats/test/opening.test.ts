import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import { canTest, makeCertificate, startNats } from '@sync/brokers'
import type { ChangeBus } from '@sync/core'
import { joinChange } from '@sync/core/adapter'
import { type NatsTarget, natsBus } from '@sync/nats'
import { describe, expect, test, vi } from 'vitest'

const scope = { partition: 'p', section: 's' }
const change = joinChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'omitted',
})

/** What was published is heard. */
async function works(bus: ChangeBus): Promise<void> {
  let heard = 0
  await using _ = await bus.subscribe(scope, () => void heard++)
  await bus.publish(scope, [change])
  await vi.waitFor(() => expect(heard).toBe(1), { interval: 1 })
}

const withAccount = (url: string, account: string): string => url.replace('nats://', `nats://${account}@`)

describe.runIf(await canTest('accounts and TLS of NATS', { broker: 'nats' }))('a URL', () => {
  test('names a user and a password, which no message repeats', async () => {
    await using nats = await startNats({
      config: { authorization: { user: 'ann', password: 's3:cr t' } },
      connection: { user: 'ann', pass: 's3:cr t' },
    })
    await using bus = natsBus(withAccount(nats.url, 'ann:s3%3Acr%20t'))
    await works(bus)
    await using wrong = natsBus(withAccount(nats.url, 'ann:gue55'))
    const error: unknown = await wrong.publish(scope, [change]).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'SYNC_NATS', message: expect.stringMatching(/Authorization/i) })
    expect(String(error)).not.toContain('gue55')
  })

  test('names a token', async () => {
    await using nats = await startNats({
      config: { authorization: { token: 's3cr3t' } },
      connection: { token: 's3cr3t' },
    })
    await using bus = natsBus(withAccount(nats.url, 's3cr3t'))
    await works(bus)
  })

  test('names the file of an nkey', async () => {
    const pair = nkeys.createUser()
    const folder = await mkdtemp(join(tmpdir(), `nkey-${randomUUID()}`))
    const nkey = join(folder, 'user.nk')
    const seed = new TextDecoder().decode(pair.getSeed())
    await writeFile(nkey, `${seed}\n`)
    const { nkeyAuthenticator } = await import('@nats-io/transport-node')
    await using nats = await startNats({
      config: { authorization: { users: [{ nkey: pair.getPublicKey() }] } },
      connection: { authenticator: nkeyAuthenticator(pair.getSeed()) },
    })
    await using bus = natsBus(`${nats.url}?nkey=${encodeURIComponent(nkey)}`)
    await works(bus)
    await rm(folder, { recursive: true })
  })

  test('names the authority of a certificate; options do as well', async () => {
    const { cert, certFile, keyFile } = await makeCertificate()
    const connection = { tls: { ca: cert } }
    await using nats = await startNats({ config: { tls: { cert_file: certFile, key_file: keyFile } }, connection })
    await using byUrl = natsBus(`${nats.url}?ca=${encodeURIComponent(certFile)}`)
    await works(byUrl)
    await using byOptions = natsBus(nats.url, { connection })
    await works(byOptions)
  })

  test('names several servers, of which one is enough', async () => {
    await using nats = await startNats()
    await using bus = natsBus(`nats://127.0.0.1:1,127.0.0.1:${nats.port}`)
    await works(bus)
  })

  test('may lead to a server that is not there yet', async () => {
    await using nats = await startNats()
    await nats.kill()
    await using bus = natsBus(nats.url, { timeout: '1s' })
    await expect(bus.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_AWAY', retryable: true })
    await nats.restart()
    await vi.waitFor(() => works(bus), { interval: 20, timeout: 10_000 })
  })

  test('without the permission to subscribe is refused with a code', async () => {
    const users = [{ user: 'bob', password: 'b', permissions: { subscribe: 'other.>' } }]
    const connection = { user: 'root', pass: 'r' }
    await using nats = await startNats({
      config: { authorization: { users: [...users, { user: 'root', password: 'r' }] } },
      connection,
    })
    await using bus = natsBus(withAccount(nats.url, 'bob:b'))
    await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_NATS' })
  })
})

test.each([
  ['http://host', /a URL is needed/],
  ['nats://', /hosts are needed/],
  ['nats://a,,b', /hosts are needed/],
  ['nats://host?speed=1', /no parameter "speed"/],
  ['nats://host?bus=smoke', 'bus: "smoke" is none of core, jetstream'],
  ['nats://host?timeout=soon', /timeout: not a duration/],
  ['nats://host?prefix=a.b', /prefix: 1 to 32/],
  ['nats://host?maxPayloadBytes=1', /maxPayloadBytes/],
  [{} as NatsTarget, /a nats: URL or a connection/],
])('%j is refused with a code', (target, message) => {
  expect(() => natsBus(target)).toThrow(message)
  expect(() => natsBus(target)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
})
