import type { Bench } from '../figure.ts'
import { bytesOfAnUpdate, bytesOfTheFeed } from './bytes.ts'
import { headPoll } from './head-poll.ts'
import { memoryOfAMillion, memoryOfLarge } from './memory.ts'
import { patchFigures } from './patch.ts'
import { propagation } from './propagation.ts'
import { cachedGet, cachedPeek } from './reads.ts'
import { receivePath } from './receive.ts'

/** The core without a broker. */
export const core: Bench = {
  name: 'core',
  figures: [
    ...patchFigures,
    bytesOfAnUpdate,
    bytesOfTheFeed,
    receivePath,
    propagation,
    cachedGet,
    cachedPeek,
    memoryOfLarge,
    memoryOfAMillion,
    headPoll,
  ],
}
