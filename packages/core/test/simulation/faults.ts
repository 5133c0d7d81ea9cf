import type { Dice } from './dice.ts'
import type { Place, World } from './world.ts'

const HOUR = 3_600_000

type Fault = (world: World, dice: Dice) => unknown

/** Those of single processes. */
const one =
  (harm: (place: Place, dice: Dice) => unknown): Fault =>
  ({ places }, dice) =>
    harm(dice.pick(places), dice)

const everyone =
  (harm: (place: Place, dice: Dice) => unknown): Fault =>
  ({ places }, dice) =>
    places.map((place) => harm(place, dice))

const harms: Readonly<Record<string, Fault>> = {
  'messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(3)),
  'more messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(6)),
  'messages repeated': ({ hub }, { int }) => hub.bus.repeat(1 + int(2)),
  'messages reordered': ({ hub }, { int }) => hub.bus.reorder(1 + int(2)),
  'messages lost, repeated, reordered by chance': ({ hub }) => hub.bus.chance({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
  'messages late': ({ hub }, { int }) => hub.bus.delay(int(30), int(20)),
  'subscribers cut off': ({ hub }) => hub.bus.interrupt(),
  'bus away': ({ hub }) => hub.bus.away(),
  'a process hears nothing': one(({ ways }) => (ways.bus = 'deaf')),
  'a process is not heard': one(({ ways }) => (ways.bus = 'mute')),
  'a process is refused by the bus': one(({ ways }) => (ways.bus = 'refused')),
  'store away': everyone(({ ways }) => (ways.store = 'away')),
  'store away from a process': one(({ ways }) => (ways.store = 'away')),
  'requests of a process lost': one(({ ways }) => (ways.store = 'requests lost')),
  'replies to a process lost': one(({ ways }) => (ways.store = 'replies lost')),
  'store slow': everyone((place, { int }) => (place.ways.slow = 1 + int(60))),
  'store slow for a process': one((place, { int }) => (place.ways.slow = 1 + int(200))),
  'replies lost': everyone((place, { int }) => (place.ways.repliesToLose = 1 + int(2))),
  'requests given up, and late': one((place, { int }) => (place.ways.toLinger = 1 + int(4))),
  'requests of everyone given up, and late': everyone((place, { int }) => (place.ways.toLinger = 1 + int(2))),
  'store begins anew': (world) => world.restartStore(),
  'a process ends': (world, dice) => {
    const { alive } = world
    if (alive.length > 1) dice.pick(alive).process.crash()
  },
  'a process ends and begins anew': (world, dice) => {
    const place = dice.pick(world.alive)
    place.process.crash()
    world.start(place)
  },
  'the clock of a process is set': one((place, dice) => place.process.clock.jump(anHour(dice))),
  'the clock of the store is set': ({ storeClock, setting }, dice) => {
    // by it documents come to their end: set forwards, it ends them before copies of them lapse
    if (setting.definition.ttl === undefined) storeClock.jump(anHour(dice))
  },
}

const mends: Readonly<Record<string, Fault>> = {
  'subscribers back': ({ hub }) => hub.bus.resume(),
  'bus back': ({ hub }) => hub.bus.back(),
  'every way to the bus open': everyone(({ ways }) => (ways.bus = 'open')),
  'every way to the store open': everyone(({ ways }) => (ways.store = 'open')),
  'every way to the store open, and quick': everyone(({ ways }) => {
    ways.store = 'open'
    ways.slow = 0
  }),
  'every process is there': (world) => {
    for (const place of world.places) if (!place.process.alive) world.start(place)
  },
}

const losses: Readonly<Record<string, Fault>> = {
  'store loses its tail': (world, { int }) => world.loseTail(int(4)),
  'store loses more': (world, { int }) => world.loseTail(int(6)),
  'store loses a commit': (world) => world.loseTail(1),
}

const anHour = ({ chance, int }: Dice): number => (chance(0.5) ? 1 : -1) * int(HOUR + 1)

/** So often something bad is ended: what lasts for long lets little else happen. */
const MENDED = 0.3

/** Does something bad, or ends it; tells what. */
export function fault(world: World, dice: Dice, { losses: may }: { readonly losses: boolean }): string {
  const possible = dice.chance(MENDED) ? mends : may ? { ...harms, ...losses } : harms
  const name = dice.pick(Object.keys(possible))
  possible[name]?.(world, dice)
  return name
}
