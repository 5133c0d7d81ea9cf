import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credsAuthenticator, nkeyAuthenticator, nkeys } from '@nats-io/transport-node'
import { canTest, createCertificate, startNats, startProxy } from '@sync/brokers'
import type { ChangeBus } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { type NatsTarget, natsBus } from '@sync/nats'
import { describe, expect, test, vi } from 'vitest'
import { issueCredentials } from './issuer.ts'

const scope = { partition: 'p', section: 's' }
const change = assembleChange({
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
  let received = 0
  await using _ = await bus.subscribe(scope, () => void received++)
  await bus.publish(scope, [change])
  await vi.waitFor(() => expect(received).toBe(1), { interval: 1 })
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
    await using nats = await startNats({
      config: { authorization: { users: [{ nkey: pair.getPublicKey() }] } },
      connection: { authenticator: nkeyAuthenticator(pair.getSeed()) },
    })
    await using bus = natsBus(`${nats.url}?nkey=${encodeURIComponent(nkey)}`)
    await works(bus)
    await rm(folder, { recursive: true })
  })

  test('names a file of credentials, without which the server is closed', async () => {
    const { config, creds } = issueCredentials()
    const folder = await mkdtemp(join(tmpdir(), `creds-${randomUUID()}`))
    const file = join(folder, 'user.creds')
    await writeFile(file, creds)
    const authenticator = credsAuthenticator(new TextEncoder().encode(creds))
    await using nats = await startNats({ config, connection: { authenticator } })
    for (const kind of ['core', 'jetstream']) {
      await using bus = natsBus(`${nats.url}?transport=${kind}&creds=${encodeURIComponent(file)}`)
      await works(bus)
    }
    await using stranger = natsBus(nats.url)
    await expect(stranger.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_NATS' })
    await rm(folder, { recursive: true })
    await using later = natsBus(`${nats.url}?creds=${encodeURIComponent(file)}`)
    await expect(later.publish(scope, [change])).rejects.toThrow(/no such file/)
  })

  test("names the client's own certificate, without which the server is closed", async () => {
    const { cert, certFile, keyFile } = await createCertificate()
    const files = { caFile: certFile, certFile, keyFile }
    await using nats = await startNats({
      config: { tls: { cert_file: certFile, key_file: keyFile, ca_file: certFile, verify: true } },
      connection: { tls: files },
    })
    const [ca, key] = [certFile, keyFile].map(encodeURIComponent)
    await using bus = natsBus(`${nats.url}?ca=${ca}&cert=${ca}&key=${key}`)
    await works(bus)
    await using byOptions = natsBus(nats.url, { connection: { tls: files } })
    await works(byOptions)
    await using stranger = natsBus(nats.url, { connection: { tls: { ca: cert } }, timeout: '1s' })
    await expect(stranger.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
  })

  test('names the authority of a certificate; options do as well', async () => {
    const { cert, certFile, keyFile } = await createCertificate()
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
    await expect(bus.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    await nats.restart()
    await vi.waitFor(() => works(bus), { interval: 20, timeout: 10_000 })
  })

  test('without the permission to subscribe, or to publish, is refused with a code', async () => {
    const users = [
      { user: 'bob', password: 'b', permissions: { subscribe: ['other.>', '_INBOX.>'] } },
      { user: 'amy', password: 'a', permissions: { publish: ['sync.p.allowed', '$JS.API.>'] } },
    ]
    const connection = { user: 'root', pass: 'r' }
    await using nats = await startNats({
      config: { authorization: { users: [...users, { user: 'root', password: 'r' }] } },
      connection,
    })
    const refused = { code: 'SYNC_NATS', retryable: false, message: expect.stringMatching(/permission/i) }
    for (const kind of ['core', 'jetstream'] as const) {
      await using deaf = natsBus(withAccount(nats.url, 'bob:b'), { transport: kind })
      await expect(
        deaf.subscribe(scope, () => {}),
        kind,
      ).rejects.toMatchObject(refused)
      await using mute = natsBus(withAccount(nats.url, 'amy:a'), { transport: kind })
      await expect(mute.publish(scope, [change]), kind).rejects.toMatchObject(refused)
    }
  })

  test('goes on with an authenticator that throws when the client reconnects', async () => {
    await using nats = await startNats()
    let calls = 0
    const authenticator = () => {
      if (++calls === 2) throw new Error('no token just now')
      return { auth_token: 'token' }
    }
    await using bus = natsBus(nats.url, { connection: { authenticator } })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    await works(bus)
    await nats.kill()
    await nats.restart()
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), {
      interval: 5,
      timeout: 10_000,
    })
    await works(bus)
  })

  test('whose account is gone after a reconnect is refused with a code', async () => {
    const root = { user: 'root', password: 'r' }
    const connection = { user: 'root', pass: 'r' }
    await using open = await startNats({
      config: { authorization: { users: [{ user: 'bob', password: 'b' }, root] } },
      connection,
    })
    await using shut = await startNats({ config: { authorization: { users: [root] } }, connection })
    const first = await startProxy({ target: open.url })
    await using bus = natsBus(withAccount(first.url, 'bob:b'), {
      timeout: '500ms',
      connection: { ignoreClusterUpdates: true },
    })
    await bus.publish(scope, [change])
    await first[Symbol.asyncDispose]()
    await expect(bus.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
    await using second = await startProxy({ target: shut.url, port: first.port })
    const refused = { code: 'SYNC_NATS', message: expect.stringMatching(/Authorization/i) }
    await vi.waitFor(() => expect(bus.publish(scope, [change])).rejects.toMatchObject(refused), { timeout: 10_000 })
    await second[Symbol.asyncDispose]()
    await using _ = await startProxy({ target: open.url, port: first.port })
    await vi.waitFor(() => bus.publish(scope, [change]), { interval: 20, timeout: 10_000 })
  })

  test('whose permission to subscribe is gone after a reconnect is deaf, says so, and hears again when it is back', async () => {
    const root = { user: 'root', password: 'r' }
    const serverFor = (permissions: object) =>
      startNats({
        config: { authorization: { users: [{ user: 'bob', password: 'b', permissions }, root] } },
        connection: { user: 'root', pass: 'r' },
      })
    await using open = await serverFor({})
    await using shut = await serverFor({ subscribe: ['_INBOX.>'] })
    // one place, at which the servers stand by turns
    let proxy = await startProxy({ target: open.url })
    const { port } = proxy
    const turnTo = async ({ url }: { readonly url: string }): Promise<void> => {
      await proxy[Symbol.asyncDispose]()
      proxy = await startProxy({ target: url, port })
    }
    await using bus = natsBus(withAccount(proxy.url, 'bob:b'), { connection: { ignoreClusterUpdates: true } })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    let received = 0
    await bus.subscribe(scope, () => void received++)
    const publish = (): Promise<void> =>
      vi.waitFor(() => bus.publish(scope, [change]), { interval: 20, timeout: 10_000 })
    await publish()
    await vi.waitFor(() => expect(received).toBe(1), { interval: 5 })
    await turnTo(shut)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { interval: 5 })
    // the line is there, and nobody hears
    await publish()
    expect([received, statuses]).toEqual([1, ['connected', 'interrupted']])
    await turnTo(open)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), {
      interval: 5,
      timeout: 10_000,
    })
    await publish()
    await vi.waitFor(() => expect(received).toBe(2), { interval: 5 })
    await proxy[Symbol.asyncDispose]()
  })

  test('whose user may have no more subscriptions is refused with a code, and by that alone', async () => {
    await using nats = await startNats({ config: { max_subscriptions: 2 } })
    await using bus = natsBus(nats.url)
    const received: string[] = []
    const scopeOf = (section: string) => ({ partition: 'p', section })
    const subscribe = (section: string) => bus.subscribe(scopeOf(section), () => void received.push(section))
    await subscribe('a')
    const second = await subscribe('b')
    const refused = { code: 'SYNC_NATS', retryable: false, message: expect.stringMatching(/maximum subscriptions/i) }
    await expect(subscribe('c')).rejects.toMatchObject(refused)
    await second.stop()
    await subscribe('c')
    for (const section of ['a', 'b', 'c']) await bus.publish(scopeOf(section), [change])
    await vi.waitFor(() => expect(received).toEqual(['a', 'c']), { interval: 5 })
  })

  test('that may publish to some sections is refused at the others alone, each time', async () => {
    const users = [{ user: 'amy', password: 'a', permissions: { publish: 'sync.p.allowed' } }]
    const root = { user: 'root', password: 'r' }
    await using nats = await startNats({
      config: { authorization: { users: [...users, root] } },
      connection: { user: 'root', pass: 'r' },
    })
    await using bus = natsBus(withAccount(nats.url, 'amy:a'))
    const sections = Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 'allowed' : `denied-${n % 2}`))
    const outcomes = await Promise.allSettled(
      sections.map((section) => bus.publish({ partition: 'p', section }, [change])),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(
      sections.map((section) => (section === 'allowed' ? 'fulfilled' : 'rejected')),
    )
    for (const section of sections) {
      const publishing = bus.publish({ partition: 'p', section }, [change])
      if (section === 'allowed') await publishing
      else await expect(publishing).rejects.toMatchObject({ code: 'SYNC_NATS' })
    }
  })
})

test.each([
  ['http://host', /a URL is needed/],
  ['nats://', /hosts are needed/],
  ['nats://a,,b', /hosts are needed/],
  ['nats://:secret@host', 'a password needs a user'],
  ['nats://host?creds=a&nkey=b', 'creds or nkey'],
  ['nats://host?speed=1', /no parameter "speed"/],
  ['nats://host?transport=smoke', /^transport: .*"smoke"/],
  ['nats://host?timeout=soon', /timeout: not a duration/],
  ['nats://host?prefix=a.b', /prefix: 1 to 32/],
  ['nats://host?maxPayloadBytes=1', /maxPayloadBytes/],
  [{} as NatsTarget, /a nats: URL or a connection/],
])('%j is refused with a code', (target, message) => {
  expect(() => natsBus(target)).toThrow(message)
  expect(() => natsBus(target)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
})
