-- For wrk: every send is so many requests. wrk -s pipeline.lua URL -- COUNT
function init(words)
    local one = wrk.format()
    all = string.rep(one, tonumber(words[1]))
end

function request()
    return all
end
