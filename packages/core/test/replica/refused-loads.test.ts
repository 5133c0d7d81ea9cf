import { expect, test } from 'vitest'
import { open } from './stage.ts'

test.each(['section', 'key'] as const)(
  'what has to be loaded anew and is refused is not asked for again and again, followed by %s',
  async (follow) => {
    await using t = open({}, { follow })
    await t.other.set('x', { n: 1 })
    const { position } = await t.other.set('x', { n: 2 })
    await t.c.get('x')
    const stop = t.c.subscribe('x', () => {})
    t.refused.loads.add('x')
    await expect(t.c.forget('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    const elsewhere = position.replace(/\..*/, '.elsewhere')
    await expect(t.c.get('x', { after: elsewhere })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.refused.loads.clear()
    await t.c.forget('x')
    expect(t.c.peek('x')).toEqual({ n: 2 })
    stop()
  },
)

test('a write is acknowledged though the document cannot be loaded to show it', async () => {
  await using t = open()
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  const stop = t.c.subscribe('x', () => {})
  t.refused.loads.add('x')
  t.requests.holdNext('load')
  const forgetting = expect(t.c.forget('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  await t.clock.advance(1)
  const write = t.c.set('x', { n: 2 })
  await t.clock.advance(1)
  t.requests.release()
  await forgetting
  expect(await write).toMatchObject({ version: 2, changed: true })
  expect(t.stored('x')).toEqual({ n: 2 })
  stop()
})
