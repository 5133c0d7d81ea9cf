import { epochs } from './epochs.ts'
import { outcomes } from './outcomes.ts'
import { reading } from './reading.ts'
import type { Rule } from './rule.ts'
import { writing } from './writing.ts'

/** Every rule of the protocol that is not there for its own sake: something breaks without it. */
export const rules: readonly Rule[] = [...writing, ...outcomes, ...reading, ...epochs]
