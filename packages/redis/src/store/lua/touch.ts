import { sectionLua } from './section.ts'

/** Restarts the TTLs of documents. */
export const touchLua: string = `${sectionLua}
loadSections()
for i = #sections + 1, #KEYS do redis.call('PEXPIRE', KEYS[i], nextArg()) end
addStates()
return reply
`
