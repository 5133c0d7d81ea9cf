import { type Collection, defineCollection, max, min, type Sync, sum, union } from '@sync/core'
import { createTestCluster, type TestCluster } from '@sync/core/testing'
import { createDice, type Dice } from './dice.ts'
import { compare, Watcher } from './watcher.ts'
import { type Doc, Workload } from './workload.ts'

/** What a schedule may contain. */
export interface Plan {
  readonly seed: number
  /** Messages are lost, repeated, late; store and bus come and go. */
  readonly faults: boolean
  /** The store may lose its tail. */
  readonly losses: boolean
  /** Steps that are left out; the others stay what they are. */
  readonly without?: ReadonlySet<number>
  /** Is told of each step. */
  readonly onStep?: (step: number, what: string) => void
}

/** Runs one schedule of random calls and faults, heals, and returns what is wrong: nothing, if all is well. */
export async function runSchedule({ seed, faults, losses, without, onStep }: Plan): Promise<string[]> {
  const dice = createDice(seed * 7919)
  const { int, chance } = dice
  const wrong: string[] = []
  const follow = chance(0.25) ? 'key' : 'section'
  const longLog = chance(0.7)
  const replicate = follow === 'section' && chance(0.5) ? 'all' : 'on-read'
  const definition = defineCollection<Doc>({
    section: 'doc',
    ttl: 'never',
    follow,
    replicate,
    merge: { s: sum, hi: max, lo: min, u: union('id') },
    ...(chance(0.2) && { batch: { wait: 1 + int(30), writes: 1 + int(5) } }),
    ...(replicate === 'on-read' && chance(0.3) && { memory: { maxDocuments: 1 + int(3) } }),
  })
  const keys = ['k', 'm', 'o', 'q'].slice(0, 1 + int(4))
  await using cluster = createTestCluster({
    instances: 2 + int(3),
    seed,
    hub: { maxChanges: longLog ? 10_000 : 1 + int(4), lineage: chance(0.2) ? 1 : 8 },
    checkInterval: '2s',
  })
  const collections = cluster.instances.map((each) => each.collection(definition, { partition: 'p' }))
  const lossesKnown = countLosses(cluster)
  const workload = new Workload((instance) => lossesKnown[instance] as number, wrong)
  const watchers = collections.flatMap((collection, at) => {
    const pause = chance(0.3) ? int(300) : 0
    const watch = (key?: string): Watcher<Doc> => {
      const manner = { combine: key !== undefined || at % 2 === 0, pause, ...(key !== undefined && { key }) }
      return new Watcher(`watcher ${at}`, collection, manner, cluster.clock, wrong)
    }
    return follow === 'section'
      ? [{ watcher: watch(), keys }]
      : keys.map((key) => ({ watcher: watch(key), keys: [key] }))
  })

  const [first] = collections as [Collection<Doc>]
  const made = keys.map((key) => first.create(key, { n: 0, s: 0, l: [] }))
  await cluster.clock.advance(100)
  await Promise.all(made)
  const steps = 20 + int(40)
  for (let step = 0; step < steps; step++) {
    if (without?.has(step)) continue
    // each step has dice of its own: leaving one out changes no other
    const own = createDice(seed * 7919 + (step + 1) * 104_729)
    const { pick } = own
    let what: string
    // where history may be gone a restarted watcher cannot know what is
    if (longLog && !losses && own.chance(0.05)) {
      what = 'a watcher starts again'
      await restart(pick(watchers).watcher, cluster)
    } else if (faults && own.chance(0.16)) what = fault(cluster, own, losses)
    else if (own.chance(0.03)) {
      what = 'an instance verifies what it holds'
      workload.verify(pick(cluster.instances))
    } else {
      const instance = own.int(collections.length)
      const call = { instance, key: pick(keys), id: `${seed}.${step}`, at: step }
      what = workload.step(collections[instance] as Collection<Doc>, own, call)
    }
    onStep?.(step, what)
    await cluster.clock.advance(own.chance(0.5) ? 0 : own.int(60))
  }
  await heal(cluster)
  await cluster.clock.advance(1_000)
  if (workload.counted.some(({ outcome }) => outcome === 'open')) return [...wrong, 'a write never ended']
  await Promise.all(workload.running)
  await cluster.settle()
  await cluster.clock.advance(5_000)

  const stored = cluster.store.inspect({ partition: 'p', section: 'doc' })?.documents
  for (const key of keys) {
    const document = stored?.get(key)
    const truth = document && (JSON.parse(document.text) as Doc)
    auditWrites(key, truth, workload, lossesKnown, wrong)
    collections.forEach((collection, at) => {
      const held = collection.peek(key)
      // read on demand, what was never read is not held
      if (held !== undefined || replicate === 'all' || !truth) compare(held, truth, `replica ${at} of ${key}`, wrong)
    })
    for (const { watcher, keys: watched } of watchers) {
      if (watched.includes(key)) compare(watcher.documents.get(key), truth, `a watcher of ${key}`, wrong)
    }
  }
  for (const { watcher } of watchers) watcher.stop()
  for (const { id, differing } of await Promise.all(cluster.instances.map(verify))) {
    for (const { key } of differing) wrong.push(`${id} holds a wrong copy of ${key}`)
  }
  return wrong
}

const verify = async (sync: Sync): Promise<{ id: string; differing: readonly { key: string }[] }> => ({
  id: sync.id,
  differing: (await sync.verify()).differing,
})

async function restart(watcher: Watcher<Doc>, { clock }: TestCluster): Promise<void> {
  const restarting = watcher.restart()
  await clock.advance(400)
  await restarting
}

/** How many losses each instance was told of so far. */
function countLosses({ instances }: TestCluster): number[] {
  const counts = instances.map(() => 0)
  for (const [at, instance] of instances.entries()) {
    instance.onEvent((event) => {
      if (event.type === 'epoch' && event.lost) counts[at] = (counts[at] as number) + 1
    })
  }
  return counts
}

/** Each counted write is there once; an acknowledged one may be missing only if its instance was told of a loss afterwards. */
function auditWrites(
  key: string,
  truth: Doc | undefined,
  { counted, rewritten }: Workload,
  lossesKnown: readonly number[],
  wrong: string[],
): void {
  // one made by a `set` after its document was lost has neither counter nor list
  const ids = truth?.l?.map(({ id }) => id) ?? []
  if (new Set(ids).size !== ids.length) wrong.push(`${key} has a write twice: ${ids.join(' ')}`)
  if (rewritten.has(key) || (truth && !truth.l)) return
  if (truth && truth.n !== ids.length) wrong.push(`${key} counts ${truth.n}, but lists ${ids.length}`)
  for (const write of counted) {
    if (write.key !== key || ids.includes(write.id) || write.outcome !== 'done') continue
    if (lossesKnown[write.instance] === write.lossesKnown)
      wrong.push(`${write.id} of ${key} was acknowledged and is not there`)
  }
}

/** Does something bad, or ends it; tells what. */
function fault({ bus, store }: TestCluster, { int, pick }: Dice, losses: boolean): string {
  const faults: Readonly<Record<string, () => unknown>> = {
    'messages lost': () => bus.drop(1 + int(3)),
    'more messages lost': () => bus.drop(1 + int(6)),
    'messages repeated': () => bus.repeat(1 + int(2)),
    'messages reordered': () => bus.reorder(1 + int(2)),
    'messages lost, repeated, reordered by chance': () => bus.chance({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
    'messages late': () => bus.delay(int(30), int(20)),
    'subscribers cut off': () => bus.interrupt(),
    'subscribers back': () => bus.resume(),
    'bus away': () => bus.away(),
    'bus back': () => bus.back(),
    'store away': () => store.away(),
    'store back': () => store.back(),
    'store slow': () => store.pause(),
    'store back, and quick': () => {
      store.resume()
      store.back()
    },
    'replies lost': () => store.loseReplies(1 + int(2)),
    'store begins anew': () => store.restart(),
    ...(losses && {
      'store loses its tail': () => store.loseTail(int(4)),
      'store loses more': () => store.loseTail(int(6)),
    }),
  }
  const name = pick(Object.keys(faults))
  faults[name]?.()
  return name
}

async function heal({ bus, store, settle }: TestCluster): Promise<void> {
  store.resume()
  store.back()
  bus.back()
  bus.resume()
  bus.chance({})
  bus.delay(0)
  await settle()
}
