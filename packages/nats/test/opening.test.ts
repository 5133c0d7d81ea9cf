import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credsAuthenticator, nkeyAuthenticator, nkeys } from '@nats-io/transport-node'
import { canTest, createCertificate, startNats, startProxy } from '@sync/brokers'
import type { ChangeBus } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { type NatsTarget, natsBus } from '@sync/nats'
import { describe, expect, it, vi } from 'vitest'
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

/** Asserts that the bus delivers what it publishes. */
async function expectRoundTrip(bus: ChangeBus): Promise<void> {
  let received = 0
  await using _ = await bus.subscribe(scope, () => void received++)
  await bus.publish(scope, [change])
  await vi.waitFor(() => expect(received).toBe(1), { interval: 1 })
}

const withCredentials = (url: string, credentials: string): string => url.replace('nats://', `nats://${credentials}@`)

describe.runIf(await canTest('accounts and TLS of NATS', { broker: 'nats' }))('natsBus(target)', () => {
  it('connects with user and password from the URL, and keeps the password out of errors', async () => {
    await using nats = await startNats({
      config: { authorization: { user: 'ann', password: 's3:cr t' } },
      connection: { user: 'ann', pass: 's3:cr t' },
    })
    await using bus = natsBus(withCredentials(nats.url, 'ann:s3%3Acr%20t'))
    await expectRoundTrip(bus)
    await using wrong = natsBus(withCredentials(nats.url, 'ann:gue55'))
    const error: unknown = await wrong.publish(scope, [change]).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'SYNC_NATS', message: expect.stringMatching(/Authorization/i) })
    expect(String(error)).not.toContain('gue55')
  })

  it('connects with a token from the URL', async () => {
    await using nats = await startNats({
      config: { authorization: { token: 's3cr3t' } },
      connection: { token: 's3cr3t' },
    })
    await using bus = natsBus(withCredentials(nats.url, 's3cr3t'))
    await expectRoundTrip(bus)
  })

  it('connects with the nkey file named in the URL', async () => {
    const keyPair = nkeys.createUser()
    const folder = await mkdtemp(join(tmpdir(), `nkey-${randomUUID()}`))
    const nkey = join(folder, 'user.nk')
    const seed = new TextDecoder().decode(keyPair.getSeed())
    await writeFile(nkey, `${seed}\n`)
    await using nats = await startNats({
      config: { authorization: { users: [{ nkey: keyPair.getPublicKey() }] } },
      connection: { authenticator: nkeyAuthenticator(keyPair.getSeed()) },
    })
    await using bus = natsBus(`${nats.url}?nkey=${encodeURIComponent(nkey)}`)
    await expectRoundTrip(bus)
    await rm(folder, { recursive: true })
  })

  it('connects with the credentials file named in the URL, and is rejected without it', async () => {
    const { config, creds } = issueCredentials()
    const folder = await mkdtemp(join(tmpdir(), `creds-${randomUUID()}`))
    const file = join(folder, 'user.creds')
    await writeFile(file, creds)
    const authenticator = credsAuthenticator(new TextEncoder().encode(creds))
    await using nats = await startNats({ config, connection: { authenticator } })
    for (const transport of ['core', 'jetstream']) {
      await using bus = natsBus(`${nats.url}?transport=${transport}&creds=${encodeURIComponent(file)}`)
      await expectRoundTrip(bus)
    }
    await using anonymous = natsBus(nats.url)
    await expect(anonymous.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_NATS' })
    await rm(folder, { recursive: true })
    await using withoutFile = natsBus(`${nats.url}?creds=${encodeURIComponent(file)}`)
    await expect(withoutFile.publish(scope, [change])).rejects.toThrow(/no such file/)
  })

  it('connects with the client certificate named in the URL, and fails without it', async () => {
    const { cert, certFile, keyFile } = await createCertificate()
    const files = { caFile: certFile, certFile, keyFile }
    await using nats = await startNats({
      config: { tls: { cert_file: certFile, key_file: keyFile, ca_file: certFile, verify: true } },
      connection: { tls: files },
    })
    const [ca, key] = [certFile, keyFile].map(encodeURIComponent)
    await using bus = natsBus(`${nats.url}?ca=${ca}&cert=${ca}&key=${key}`)
    await expectRoundTrip(bus)
    await using withOptions = natsBus(nats.url, { connection: { tls: files } })
    await expectRoundTrip(withOptions)
    await using anonymous = natsBus(nats.url, { connection: { tls: { ca: cert } }, timeout: '1s' })
    await expect(anonymous.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
  })

  it('trusts a certificate authority from the URL or from options', async () => {
    const { cert, certFile, keyFile } = await createCertificate()
    const connection = { tls: { ca: cert } }
    await using nats = await startNats({ config: { tls: { cert_file: certFile, key_file: keyFile } }, connection })
    await using withUrl = natsBus(`${nats.url}?ca=${encodeURIComponent(certFile)}`)
    await expectRoundTrip(withUrl)
    await using withOptions = natsBus(nats.url, { connection })
    await expectRoundTrip(withOptions)
  })

  it('connects when only one of several servers is available', async () => {
    await using nats = await startNats()
    await using bus = natsBus(`nats://127.0.0.1:1,127.0.0.1:${nats.port}`)
    await expectRoundTrip(bus)
  })

  it('connects once its server starts', async () => {
    await using nats = await startNats()
    await nats.kill()
    await using bus = natsBus(nats.url, { timeout: '1s' })
    await expect(bus.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    await nats.restart()
    await vi.waitFor(() => expectRoundTrip(bus), { interval: 20, timeout: 10_000 })
  })

  it('rejects with SYNC_NATS when the user may not subscribe or publish', async () => {
    const users = [
      { user: 'bob', password: 'b', permissions: { subscribe: ['other.>', '_INBOX.>'] } },
      { user: 'amy', password: 'a', permissions: { publish: ['sync.p.allowed', '$JS.API.>'] } },
    ]
    const connection = { user: 'root', pass: 'r' }
    await using nats = await startNats({
      config: { authorization: { users: [...users, { user: 'root', password: 'r' }] } },
      connection,
    })
    const rejection = { code: 'SYNC_NATS', retryable: false, message: expect.stringMatching(/permission/i) }
    for (const transport of ['core', 'jetstream'] as const) {
      await using publishOnly = natsBus(withCredentials(nats.url, 'bob:b'), { transport })
      await expect(
        publishOnly.subscribe(scope, () => {}),
        transport,
      ).rejects.toMatchObject(rejection)
      await using subscribeOnly = natsBus(withCredentials(nats.url, 'amy:a'), { transport })
      await expect(subscribeOnly.publish(scope, [change]), transport).rejects.toMatchObject(rejection)
    }
  })

  it('reconnects after its authenticator threw during a reconnect', async () => {
    await using nats = await startNats()
    let calls = 0
    const authenticator = () => {
      if (++calls === 2) throw new Error('no token just now')
      return { auth_token: 'token' }
    }
    await using bus = natsBus(nats.url, { connection: { authenticator } })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    await expectRoundTrip(bus)
    await nats.kill()
    await nats.restart()
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), {
      interval: 5,
      timeout: 10_000,
    })
    await expectRoundTrip(bus)
  })

  it('rejects with SYNC_NATS when the account no longer exists after a reconnect', async () => {
    const root = { user: 'root', password: 'r' }
    const connection = { user: 'root', pass: 'r' }
    await using permitting = await startNats({
      config: { authorization: { users: [{ user: 'bob', password: 'b' }, root] } },
      connection,
    })
    await using denying = await startNats({ config: { authorization: { users: [root] } }, connection })
    const first = await startProxy({ target: permitting.url })
    await using bus = natsBus(withCredentials(first.url, 'bob:b'), {
      timeout: '500ms',
      connection: { ignoreClusterUpdates: true },
    })
    await bus.publish(scope, [change])
    await first[Symbol.asyncDispose]()
    await expect(bus.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
    await using second = await startProxy({ target: denying.url, port: first.port })
    const rejection = { code: 'SYNC_NATS', message: expect.stringMatching(/Authorization/i) }
    await vi.waitFor(() => expect(bus.publish(scope, [change])).rejects.toMatchObject(rejection), { timeout: 10_000 })
    await second[Symbol.asyncDispose]()
    await using _ = await startProxy({ target: permitting.url, port: first.port })
    await vi.waitFor(() => bus.publish(scope, [change]), { interval: 20, timeout: 10_000 })
  })

  it('stays interrupted while the server denies a subscription after a reconnect', async () => {
    const root = { user: 'root', password: 'r' }
    const serverFor = (permissions: object) =>
      startNats({
        config: { authorization: { users: [{ user: 'bob', password: 'b', permissions }, root] } },
        connection: { user: 'root', pass: 'r' },
      })
    await using permitting = await serverFor({})
    await using denying = await serverFor({ subscribe: ['_INBOX.>'] })
    // both servers are reached at one address, first one and then the other
    let proxy = await startProxy({ target: permitting.url })
    const { port } = proxy
    const switchTo = async ({ url }: { readonly url: string }): Promise<void> => {
      await proxy[Symbol.asyncDispose]()
      proxy = await startProxy({ target: url, port })
    }
    await using bus = natsBus(withCredentials(proxy.url, 'bob:b'), { connection: { ignoreClusterUpdates: true } })
    const statuses: string[] = []
    bus.onStatus((status) => statuses.push(status))
    let received = 0
    await bus.subscribe(scope, () => void received++)
    const publish = (): Promise<void> =>
      vi.waitFor(() => bus.publish(scope, [change]), { interval: 20, timeout: 10_000 })
    await publish()
    await vi.waitFor(() => expect(received).toBe(1), { interval: 5 })
    await switchTo(denying)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { interval: 5 })
    // the connection is up, but the subscription is not
    await publish()
    expect([received, statuses]).toEqual([1, ['connected', 'interrupted']])
    await switchTo(permitting)
    await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), {
      interval: 5,
      timeout: 10_000,
    })
    await publish()
    await vi.waitFor(() => expect(received).toBe(2), { interval: 5 })
    await proxy[Symbol.asyncDispose]()
  })

  it('rejects only the subscriptions beyond the limit of the server', async () => {
    await using nats = await startNats({ config: { max_subscriptions: 2 } })
    await using bus = natsBus(nats.url)
    const received: string[] = []
    const sectionScope = (section: string) => ({ partition: 'p', section })
    const subscribe = (section: string) => bus.subscribe(sectionScope(section), () => void received.push(section))
    await subscribe('a')
    const second = await subscribe('b')
    const rejection = { code: 'SYNC_NATS', retryable: false, message: expect.stringMatching(/maximum subscriptions/i) }
    await expect(subscribe('c')).rejects.toMatchObject(rejection)
    await second.stop()
    await subscribe('c')
    for (const section of ['a', 'b', 'c']) await bus.publish(sectionScope(section), [change])
    await vi.waitFor(() => expect(received).toEqual(['a', 'c']), { interval: 5 })
  })

  it('rejects every publication to a denied section, and no other', async () => {
    const users = [{ user: 'amy', password: 'a', permissions: { publish: 'sync.p.allowed' } }]
    const root = { user: 'root', password: 'r' }
    await using nats = await startNats({
      config: { authorization: { users: [...users, root] } },
      connection: { user: 'root', pass: 'r' },
    })
    await using bus = natsBus(withCredentials(nats.url, 'amy:a'))
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

describe('natsBus(target)', () => {
  it.each([
    ['http://host', /expected a URL/],
    ['nats://', /expected hosts/],
    ['nats://a,,b', /expected hosts/],
    ['nats://:secret@host', /expected a user/],
    ['nats://host?creds=a&nkey=b', /creds or nkey/],
    ['nats://host?speed=1', /unknown parameter "speed"/],
    ['nats://ann:1?s3cr3t@host', /percent-encoded, got "@" after/],
    ['nats://ann:1?s3=cr3t@host', /percent-encoded, got "@" after/],
    ['nats://ann:1?transport=s3cr3t@host', /percent-encoded, got "@" after/],
    ['nats://host?transport=smoke', 'transport: expected one of core, jetstream, got "smoke"'],
    ['nats://host?timeout=soon', /^timeout: .*soon/],
    ['nats://host?prefix=a.b', /prefix: expected 1 to 32/],
    ['nats://host?maxPayloadBytes=1', /maxPayloadBytes/],
    [{} as NatsTarget, /expected a nats: URL or a connection/],
  ])('rejects %j with SYNC_ARGUMENT', (target, message) => {
    expect(() => natsBus(target)).not.toThrow(/s3|cr3t/)
    expect(() => natsBus(target)).toThrow(message)
    expect(() => natsBus(target)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
  })
})
