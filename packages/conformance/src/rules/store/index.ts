import type { StoreTestContext } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'
import { documents } from './documents.ts'
import { epochs } from './epochs.ts'
import { expectations } from './expectations.ts'
import { harness } from './harness.ts'
import { keys } from './keys.ts'
import { log } from './log.ts'
import { operations } from './operations.ts'
import { ttl } from './ttl.ts'

/** All rules about stores. */
export const storeRules: readonly Rule<StoreTestContext>[] = [
  ...harness,
  ...documents,
  ...keys,
  ...expectations,
  ...operations,
  ...log,
  ...epochs,
  ...ttl,
]
