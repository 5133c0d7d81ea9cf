import type { Bench } from '../figure.ts'
import { bytesOfAnUpdate, bytesOfTheFeed } from './bytes.ts'
import { patchFigures } from './patch.ts'
import { propagation } from './propagation.ts'
import { cachedGet } from './reads.ts'

/** What the core does without any broker. */
export const core: Bench = {
  name: 'core',
  figures: [...patchFigures, bytesOfAnUpdate, bytesOfTheFeed, propagation, cachedGet],
}
