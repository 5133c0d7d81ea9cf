import { demand, demandEqual } from '../../judge/violation.ts'
import type { StoreStage, StoreWriter } from '../../stage/store-stage.ts'
import type { Rule } from '../rule.ts'

const expires = ({ capabilities }: StoreStage): string | undefined =>
  capabilities.ttl === false ? 'ttl: false: documents never expire' : undefined

/** How long a test document lives, in ms: long against a granularity and a round trip, short against patience. */
const lifeOf = ({ capabilities: { ttl } }: StoreStage): number => 400 + 4 * (ttl === false ? 0 : ttl.granularityMs)

const isThere = async (writer: StoreWriter, key: string): Promise<boolean> =>
  (await writer.load(key)).document !== undefined

/** Documents that end by themselves. */
export const ttl: readonly Rule<StoreStage>[] = [
  {
    id: 'STORE-TTL-01',
    level: 'MUST',
    sentence: 'A document expires, and is then absent to every question.',
    hint: 'Compare with the clock of the server when reading; do not wait for a sweep.',
    skip: expires,
    async run(stage) {
      const life = lifeOf(stage)
      const writer = await stage.writer()
      const { granularityMs } = stage.capabilities.ttl || { granularityMs: 0 }
      const began = stage.now()
      const { generation } = await writer.write('k', { n: '1' }, { ttl: life })
      await writer.write('stays', { n: '1' })
      const { document } = await writer.load('k')
      demand(
        document?.expiresIn !== undefined && document.expiresIn > 0 && document.expiresIn <= life + granularityMs,
        `a document with a ttl of ${life} ms says that it expires in ${document?.expiresIn}`,
      )
      const bound = life + granularityMs + 300
      await stage.until(
        async () => !(await isThere(writer, 'k')),
        () => `a document with a ttl of ${life} ms is still there after ${Math.round(stage.now() - began)} ms`,
        bound,
      )
      const [head] = await stage.store.heads([{ scope: writer.ref('k') }])
      demandEqual(head?.document, { generation: 0, version: 0 }, 'the head of an expired document')
      const keys: string[] = []
      for await (const key of stage.store.keys(writer.section)) keys.push(key)
      demandEqual(keys, ['stays'], 'the keys after one document expired')
      const again = await writer.write('k', { n: '2' })
      demand(
        again.generation > generation && !again.existed && again.version === 1,
        'a document written after it expired is not a new one',
      )
    },
  },
  {
    id: 'STORE-TTL-02',
    level: 'MUST',
    sentence: 'A document does not expire early, and one without ttl never.',
    hint: 'Round up; a missing ttl takes an earlier one away.',
    skip: expires,
    async run(stage) {
      const life = lifeOf(stage)
      const writer = await stage.writer()
      const written = stage.now()
      await writer.write('k', { n: '1' }, { ttl: life })
      await writer.write('freed', { n: '1' }, { ttl: life })
      await writer.write('freed', { n: '2' })
      demandEqual(
        (await writer.load('freed')).document?.expiresIn,
        undefined,
        '`expiresIn` of a document written without ttl',
      )
      while (stage.now() - written < life * 0.8) {
        const there = await isThere(writer, 'k')
        // asked before the end, answered after it: proves nothing
        const age = stage.now() - written
        demand(there || age >= life, `a document with a ttl of ${life} ms was gone after ${Math.round(age)} ms`)
        await stage.moment()
      }
      await stage.until(async () => !(await isThere(writer, 'k')), 'a document with a ttl did not expire', life * 4)
      demand(await isThere(writer, 'freed'), 'a document expired though its last write had no ttl')
    },
  },
  {
    id: 'STORE-TTL-03',
    level: 'MUST',
    sentence: 'Each write begins the ttl anew; `touch` does too, and passes over what is absent.',
    hint: 'Set the expiry in the step that commits; touch sets it without a commit.',
    skip: expires,
    async run(stage) {
      const life = lifeOf(stage)
      const writer = await stage.writer()
      for (const key of ['written', 'touched', 'left']) await writer.write(key, { n: '1' }, { ttl: life })
      const { sequence } = await writer.catchUp()
      for (let n = 0; n < 4; n++) {
        await stage.sleep(life * 0.5)
        await writer.write('written', { n: String(n + 2) }, { ttl: life })
        await stage.settled(
          stage.store.touch([
            { ref: writer.ref('touched'), ttl: life },
            { ref: writer.ref('nobody'), ttl: life },
          ]),
          'touch',
        )
      }
      demand(await isThere(writer, 'written'), 'a document expired though it was written in time')
      demand(await isThere(writer, 'touched'), 'a document expired though it was touched in time')
      demand(!(await isThere(writer, 'left')), 'a document that nobody wrote or touched did not expire')
      demand(!(await isThere(writer, 'nobody')), 'touch made a document')
      demandEqual((await writer.catchUp()).sequence, sequence + 4, 'the sequence after four writes and four touches')
      demandEqual((await writer.load('touched')).document?.version, 1, 'the version of a touched document')
    },
  },
  {
    id: 'STORE-TTL-04',
    level: 'MUST',
    sentence: 'Each document has a ttl of its own, whatever others of its section have.',
    hint: "The expiry is the document's, not the section's.",
    skip: expires,
    async run(stage) {
      const life = lifeOf(stage)
      const writer = await stage.writer()
      await writer.write('long', { n: '1' }, { ttl: life * 20 })
      await writer.write('ever', { n: '1' })
      await writer.write('short', { n: '1' }, { ttl: life })
      await stage.until(
        async () => !(await isThere(writer, 'short')),
        'a document with a short ttl did not expire',
        life * 3,
      )
      for (const key of ['long', 'ever'])
        demand(await isThere(writer, key), `"${key}" went with a document that had a shorter ttl`)
    },
  },
  {
    id: 'STORE-TTL-05',
    level: 'MUST',
    sentence: 'A compare-and-set on an expired document meets absence.',
    hint: 'Expired is absent, in expectations too, before any sweep.',
    skip: expires,
    async run(stage) {
      const life = lifeOf(stage)
      const writer = await stage.writer()
      await writer.write('k', { n: '1' }, { ttl: life })
      const expect = await writer.expectation('k')
      await stage.until(async () => !(await isThere(writer, 'k')), 'a document with a ttl did not expire', life * 3)
      const result = await writer.send(writer.request('k', { n: '2' }, { expect }))
      demandEqual(
        [result.status, 'reason' in result && result.reason],
        ['conflict', 'absent'],
        'a compare-and-set on an expired document',
      )
      const created = await writer.send(
        writer.request('k', { n: '3' }, { expect: { readAt: writer.standing, generation: 0 } }),
      )
      demandEqual(created.status, 'committed', 'a creation over an expired document')
    },
  },
]
