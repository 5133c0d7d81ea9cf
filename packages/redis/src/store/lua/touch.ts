import { sectionLua } from './section.ts'

/** Starts TTLs again. */
export const touchLua: string = `${sectionLua}
loadSections()
for i = #sections + 1, #KEYS do redis.call('PEXPIRE', KEYS[i], nextArg()) end
addStates()
return reply
`
