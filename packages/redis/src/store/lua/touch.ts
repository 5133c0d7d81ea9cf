import { sectionLua } from './section.ts'

/** Starts TTLs again. */
export const touchLua: string = `${sectionLua}
openAll()
for i = #sections + 1, #KEYS do redis.call('PEXPIRE', KEYS[i], take()) end
pushStandings()
return reply
`
