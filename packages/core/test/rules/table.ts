import { epochs } from './epochs.ts'
import { outcomes } from './outcomes.ts'
import { reading } from './reading.ts'
import type { Rule } from './rule.ts'
import { writing } from './writing.ts'

/** All rules of the protocol that a test of the core can prove. */
export const rules: readonly Rule[] = [...writing, ...outcomes, ...reading, ...epochs]
