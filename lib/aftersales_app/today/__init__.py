"""`aftersales today`: the contact queue, assembled and handed out."""
