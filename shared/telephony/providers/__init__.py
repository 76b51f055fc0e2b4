"""Clients of the carriers, of Ultravox and of Supabase's key set. Nothing outside this package speaks HTTP to them."""
