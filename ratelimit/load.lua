-- Tell what was spent to a key that is not known; memory.py is the same in Python,
-- storage.py says what is kept.
-- KEYS  log, state
-- ARGV  clock ('' = the server's), id, memory, slack, how many rates, {pace, burst}...,
--       {time, n}... from old to new
-- Returns 1, or 0 for a key that is known: nothing was done.
local log, state = KEYS[1], KEYS[2]
if redis.call('HEXISTS', state, 'memory') == 1 then
  return 0
end

local id, memory, rates = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])

local function whole(x)
  return string.format('%.0f', x) -- tostring would round to 14 digits
end

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local dues = {}
local number = 0
for at = 6 + 2 * rates, #ARGV, 2 do
  local time, n = math.min(tonumber(ARGV[at]), now), tonumber(ARGV[at + 1])
  if time > now - memory then
    for _ = 1, n do
      redis.call('ZADD', log, whole(time), id .. ':' .. number)
      number = number + 1
    end
  end
  for place = 1, rates do
    dues[place] = math.max(dues[place] or time, time) + n * tonumber(ARGV[4 + 2 * place])
  end
end

local changes = {'memory', whole(memory)}
for place = 1, rates do
  local pace, burst = tonumber(ARGV[4 + 2 * place]), tonumber(ARGV[5 + 2 * place])
  -- What was spent kept to this Rate, so no more than a whole burst can be owed.
  local due = math.min(math.max(dues[place] or now, now), now + burst * pace)
  for name, value in pairs({due = due, pace = pace, since = now}) do
    changes[#changes + 1] = name .. place
    changes[#changes + 1] = whole(value)
  end
end
redis.call('HSET', state, unpack(changes))
local life = whole(math.ceil((memory + tonumber(ARGV[4])) / 1000))
redis.call('PEXPIRE', log, life)
redis.call('PEXPIRE', state, life)
return 1
