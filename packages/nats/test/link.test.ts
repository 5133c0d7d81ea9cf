import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NatsConnection, Status } from '@nats-io/transport-node'
import { expect, test, vi } from 'vitest'
import { Link } from '../src/connection/link.ts'

/** A line that is up, over a connection that says of itself what it is told to. */
async function openLink(): Promise<{ readonly link: Link; readonly say: (status: Status['type']) => void }> {
  let wake = Promise.withResolvers<Status>()
  const say = (type: Status['type']): void => {
    const { resolve } = wake
    wake = Promise.withResolvers()
    resolve({ type } as Status)
  }
  async function* status(): AsyncGenerator<Status> {
    for (;;) yield await wake.promise
  }
  const connection = { status, close: async () => {} } as unknown as NatsConnection
  const link = new Link({ dial: async () => connection, owned: true, server: 'here', timeout: 60_000 })
  link.start({ up() {}, down() {}, denied() {} })
  await link.use(async () => {})
  return { link, say }
}

test('a line keeps nothing of the calls that it has served, however long it is up', async () => {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  const { link } = await openLink()
  const answers: WeakRef<object>[] = []
  for (let n = 0; n < 100; n++) answers.push(new WeakRef(await link.use(async () => ({ n }))))
  await vi.waitFor(
    () => {
      collect()
      expect(answers.filter((each) => each.deref() !== undefined).length).toBeLessThan(5)
    },
    { timeout: 20_000 },
  )
  await link.close()
})

test('what is under way when the line is lost, or closed, is refused', async () => {
  const { link, say } = await openLink()
  const never = (): Promise<never> => new Promise(() => {})
  const lost = expect(link.use(never)).rejects.toMatchObject({ code: 'SYNC_BUS_AWAY' })
  say('disconnect')
  await lost
  say('reconnect')
  expect(await link.use(async () => 'again')).toBe('again')
  const closed = expect(link.use(never)).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  await link.close()
  await closed
})
